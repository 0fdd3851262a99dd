"""The table of docs/traces.md, "what I have" to "what I write": every line of it works."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.build.surroundings import Surroundings, find_surroundings
from sim.streams import Streams
from traces.describe import info

PAGE = Path(__file__).parents[3] / "docs" / "traces.md"
TABLE = (
    PAGE.read_text(encoding="utf-8").split("In a scenario |\n|---|---|---|\n")[1].split("\n\n")[0]
)
ROWS = [[cell.strip() for cell in re.split(r" \| ", row.strip("| "))] for row in TABLE.splitlines()]

LINES = "".join(f"{ms}\n" for ms in range(1, 1001))  # mahimahi: 1.5 MB/s
SECOND = {"start": 0, "end": 1, "seconds": 1.0, "bytes": 1_250_000, "bits_per_second": 1e7}
FILES = {
    "car.down": LINES,
    "car.up": LINES,
    "link.log": LINES,
    "drive.txt": "0 12\n1 12\n2 12\n",
    "logs/a.txt": "0 12\n1 12\n2 12\n",
    "logs/README.md": "Mine.\n",
    **{
        name: json.dumps(
            {
                "start": {"test_start": {"reverse": reverse}},
                "intervals": [
                    {"streams": [], "sum": SECOND | {"omitted": False, "sender": not reverse}}
                ],
                "end": {},
            }
        )
        for name, reverse in (("up.json", 0), ("down.json", 1))
    },
    "genet.json": '{"timestamps": [0.0, 1.0], "bandwidths": [8.0, 8.0], "delays": [20, 20]}',
    "alpha.json": '{"uplink": {"trace_pattern": [{"duration": 200, "capacity": 8000}]}, '
    '"downlink": {}}',
    "both.csv": "Timestamp (ms);DL (kbps);UL (kbps)\n1764130000000;8000;4000\n"
    "1764130001000;8000;4000\n",
    "drive.csv": "t,mbps\n0,8\n1,8\n",
    "rates.csv": "time,throughput\n0,8\n1,8\n",
    "zeit.csv": "Zeit,kbps\n0,8000\n1000,8000\n",
    "sheet.csv": "time;mbps\n0;7,5\n1;8,5\n",
    "tabs.csv": "t\tmbps\n0\t8\n1\t8\n",
    "bare.csv": "0,8\n1,8\n",
    "iso.csv": "time,mbps\n2024-03-31T01:00:00Z,8\n2024-03-31T01:00:01Z,8\n",
    "spans.csv": "start,stop,mbps\n0,1,8\n1,2,8\n",
    "rows.csv": "ms,kbps\n2000,8000\n2000,8000\n",
    "values.csv": "rate\n8000\n8000\n",
    "runs.csv": "run_num,t,mbps\n1,0,8\n1,1,8\n2,0,8\n2,1,8\n",
    "holes.csv": "t,mbps\n0,8\n1,-999\n2,8\n",
    "gaps.csv": "t,mbps\n0,8\n1,8\n2,8\n1000,8\n",
    "loop.bw": "0 1000000\n10 1000000\nLOOPAFTER 5\n",
    "hold.bw": "0 1000000\n10 1000000\n",
    "node.avail": "0 1\n43200 0\nLOOPAFTER 43200\n",
    "windows.csv": "device,on_s,off_s\na,0,43200\n",
    "who.csv": "who,from,till\na,0,43200\n",
    "state_traces.json": json.dumps(
        {
            "0": {
                "messages": "2020-01-01 00:00:00\tscreen_lock\n"
                "2020-01-01 00:00:00\tbattery_charged_on\n"
                "2020-01-01 12:00:00\tbattery_charged_off"
            }
        }
    ),
    "flame.json": '{"1": [[0, "AVL_TRAIN"], [43200, "UN_AVL"]]}',
    "battery.csv": "time,battery_level,battery_status,battery_adaptor\n"
    "1488326400,99,2,2\n1488369600,99,3,0\n",
    "capacity.json": '{"7": {"computation": 100, "communication": 8000}}',
    "behave.json": '{"7": {"active": [0], "inactive": [43200], "finish_time": 86400}}',
}


def test_the_page_has_a_table() -> None:
    assert len(ROWS) > 30
    assert all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize(("have", "command", "scenario"), ROWS, ids=[row[0] for row in ROWS])
def test_a_line_of_the_table_works(
    have: str,
    command: str,
    scenario: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    for name, content in FILES.items():
        Path(name).write_text(content)
    names, format, options = _arguments(command.strip("`"))
    rows = info(names, format, **options)
    assert not [row["error"] for row in rows if row["error"]]
    assert len([row for row in rows if not row["passed_over"]]) >= len(names)

    fleet = yaml.safe_load(scenario.strip("`"))
    around = _surroundings(fleet, make, tmp_path)
    means = {
        round(one.trace.mean * 8e-6, 3) for link in around.links for one in (link.down, link.up)
    }
    assert means <= {12.0, 10.0, 8.0, 4.0}, "the rates of the files, in Mbit/s"
    if "availability" in fleet:
        client = around.availability[0]
        assert (client.is_available(3600.0), client.is_available(50_000.0)) == (True, False)


def _arguments(command: str) -> tuple[list[str], str | None, dict[str, str]]:
    words = iter(shlex.split(command))
    names, format, options = [], None, {}
    for word in words:
        if word == "--option":
            name, _, value = next(words).partition("=")
            options[name] = value
        elif word == "--format":
            format = next(words)
        else:
            names.append(word)
    return names, format, options


def _surroundings(fleet: dict[str, Any], make: Any, cache_dir: Path) -> Surroundings:
    """The links and the availability of a scenario whose `fleet` has the keys of the page."""
    ways = {key: fleet.pop(key) for key in ("downlink", "uplink") if key in fleet}
    if ways:
        other = {"downlink": "car.down"} if "uplink" in ways else {"uplink": {"ratio": 1.0}}
        fleet = {"network": {"kind": "trace", **ways, **other}}
    if "network" in fleet:
        fleet["network"] = {"transport": {"kind": "fluid"}, **fleet["network"]}
    if "capacities" in fleet:
        fleet["network"] = None
    if "availability" in fleet:
        fleet["availability"] = {"offset": "zero", **fleet["availability"]}
    scenario = make(**{f"fleet.{key}": value for key, value in fleet.items()})
    return find_surroundings(
        scenario.fleet, Streams(0), range(3), cache_dir, full_s_per_sample=lambda: 1.0
    )
