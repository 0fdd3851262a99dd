"""Trace files of a scenario: formats by direction, folders, runs, warnings, swapped directions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.build.availability import population_availability
from sim.build.network import Network, build_links
from sim.runs.run import run_scenario
from sim.scenario.file import dump_scenario, parse_scenario
from sim.scenario.network import TraceFiles, TraceNetwork
from sim.streams import Streams

PENSIEVE = "".join(f"{t} {rate}\n" for t, rate in enumerate((1, 2, 4, 8, 8)))
MAHIMAHI = "".join(f"{ms}\n" for ms in range(1, 1001))  # 1.5 MB/s
Files = dict[str, Any]

FLUID = {"transport": {"kind": "fluid"}}
"""Rates as they are in the file."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mahimahi pair, a Pensieve file, a table of two runs with gaps, and a page."""
    (tmp_path / "bus.down").write_text(MAHIMAHI)
    (tmp_path / "bus.up").write_text(MAHIMAHI)
    (tmp_path / "walk.txt").write_text(PENSIEVE)
    rows = ("a,0,1,2", "a,1,1,2", "a,2,1,2", "b,0,3,4", "b,1,3,4", "b,2,,4")
    (tmp_path / "runs.csv").write_text("run,t,rx,tx\n" + "\n".join(rows) + "\n")
    (tmp_path / "README.md").write_text("Recorded on a bus.\n")
    return tmp_path


def built(folder: Path, make: Any, downlink: Any, uplink: Any, **more: Any) -> Network:
    """The links of a scenario with these files in the folder, read as from YAML."""
    fields = {"downlink": placed(folder, downlink), "uplink": placed(folder, uplink)}
    scenario = make(
        **{"fleet.network": {"kind": "trace", "offset": "zero", **FLUID, **fields, **more}}
    )
    assert parse_scenario(dump_scenario(scenario), "again") == scenario
    return build_links(scenario.fleet.network, Streams(0), range(4), folder)


def placed(folder: Path, files: Any) -> Any:
    if isinstance(files, str):
        return str(folder / files)
    if "source" in files:
        return files | {"source": str(folder / files["source"])}
    return files


def mean_mbit_per_s(made: Network) -> tuple[float, float]:
    link = made.links[0]
    return round(link.down.trace.mean * 8e-6, 9), round(link.up.trace.mean * 8e-6, 9)


def test_each_direction_has_a_format_and_options_of_its_own(folder: Path, make: Any) -> None:
    table = {
        "source": "runs.csv",
        "format_options": {"down": "rx", "rate_unit": "Mbit/s", "run": "run", "only": "a"},
    }
    assert mean_mbit_per_s(built(folder, make, table, "bus.up")) == (1.0, 12.0)
    walk = {"source": "walk.txt", "format_options": {"direction": "up"}}
    made = built(folder, make, "bus.down", walk)
    assert mean_mbit_per_s(made) == (12.0, 5.5)


def test_a_file_with_several_runs_gives_a_trace_for_each(folder: Path, make: Any) -> None:
    options = {"down": "rx", "up": "tx", "rate_unit": "Mbit/s", "run": "run"}
    made = built(folder, make, "runs.csv", "runs.csv", format_options=options)
    assert [one["name"] for one in made.facts["uplinks"]] == ["runs.csv [a]", "runs.csv [b]"]
    assert made.facts["downlink_of_client"] == [0, 1, 0, 1]
    (warning,) = made.warnings
    assert warning == "fleet.network.downlink: runs.csv [b]: 1 of 3 rows without rx was left out"


def test_a_folder_passes_over_what_is_no_trace_and_says_so(folder: Path, make: Any) -> None:
    (folder / "runs.csv").unlink()
    for source in (".", "*"):
        made = built(folder, make, source, {"ratio": 1.0})
        assert [one["name"] for one in made.facts["downlinks"]] == ["bus.down", "walk.txt"]
        (warning,) = made.warnings
        assert warning.startswith(
            "fleet.network.downlink: 1 of 4 files were passed over: README.md"
        )


@pytest.mark.parametrize(
    ("downlink", "uplink", "message"),
    [
        ("bus.down", "walk.txt", "walk.txt holds the downlink; if it is the uplink, say format"),
        ("bus.up", "bus.down", "bus.up holds the uplink; if it is the downlink, say format"),
        ("README.md", "bus.up", "README.md:1: no known trace format"),
        ("*.md", "bus.up", "holds no trace: none of its 1 files is a trace: README.md"),
        (
            "bus.down",
            {"source": "runs.csv", "format_options": {"up": "rx", "only": "a"}},
            "runs.csv:1: .*only",
        ),
        (
            "bus.down",
            {
                "source": "runs.csv",
                "format_options": {"down": "rx", "rate_unit": "bps", "run": "run"},
            },
            r"name its column with format_options: \{up: ...\}",
        ),
        (
            "bus.down",
            {"source": "walk.txt", "format_options": {"direction": True}},
            "option direction must be text, got 'True'",
        ),
        ("phones.json", "bus.up", "phones.json holds no bandwidth: it is a flame file"),
    ],
)
def test_files_that_cannot_serve_are_refused(
    folder: Path, make: Any, downlink: Any, uplink: Any, message: str
) -> None:
    (folder / "phones.json").write_text(json.dumps({"0": [[0, "AVL_TRAIN"]]}))
    with pytest.raises(ValueError, match=message):
        built(folder, make, downlink, uplink)


def test_a_preset_takes_no_format(make: Any) -> None:
    from sim.build.network_traces import check_references

    network = TraceNetwork(
        kind="trace", downlink=TraceFiles(source="lte.down", format="csv"), uplink="lte.up"
    )
    with pytest.raises(ValueError, match=r"downlink\.format must not be set for the preset lte"):
        check_references(network)


def test_directions_that_are_swapped_by_their_names_are_refused(folder: Path, make: Any) -> None:
    for name in ("drive_up.log", "drive_down.log"):
        (folder / name).write_text(PENSIEVE)
    down = {"source": "drive_up.log", "format_options": {"direction": "down"}}
    up = {"source": "drive_down.log", "format_options": {"direction": "up"}}
    with pytest.raises(ValueError, match=r"swapped, by the names drive_up\.log .* drive_down"):
        built(folder, make, down, up)
    made = built(folder, make, down, {"source": "walk.txt", "format_options": {"direction": "up"}})
    assert made.warnings == [
        "fleet.network.downlink: by its name drive_up.log is the other direction"
    ]
    with pytest.raises(ValueError, match="swapped"):
        build_links(
            TraceNetwork(kind="trace", downlink="lte.up", uplink="lte.down"),
            Streams(0),
            range(2),
            folder,
        )


def test_warnings_reach_the_progress_and_the_manifest(
    folder: Path, tmp_path: Path, make: Any
) -> None:
    (folder / "slow.txt").write_text("".join(f"{t} 0.001\n" for t in range(9)))
    source = str(folder / "slow.txt")
    network = {"kind": "trace", "downlink": source, "uplink": {"ratio": 1.0}, "latency_s": 0.02}
    told: list[str] = []
    scenario = make(**{"fleet.network": network, "stop.rounds": 1})
    result = run_scenario(
        scenario, out=tmp_path / "runs", on_progress=lambda progress: told.append(progress.warning)
    )
    (warning,) = json.loads((result.run_dir / "manifest.json").read_text())["trace_warnings"]
    assert warning.startswith("fleet.network.downlink: slow.txt: down: a mean of 0.001 Mbit/s")
    assert f"warning: {warning}" in told


def test_boolean_options_of_availability_are_booleans(tmp_path: Path, make: Any) -> None:
    phone = [[0, "AVL_TRAIN"], [300, "UN_AVL"], [3600, "AVL_TRAIN"], [7200, "UN_AVL"]]  # forced
    (tmp_path / "flame.json").write_text(json.dumps({"0": phone}))
    shares = {}
    for drop in (True, False):
        availability = {
            "kind": "recorded",
            "source": str(tmp_path / "flame.json"),
            "format_options": {"drop_forced_start": drop},
            "offset": "zero",
        }
        scenario = make(**{"fleet.availability": availability})
        made = population_availability(scenario.fleet.availability, Streams(0), range(1), tmp_path)
        shares[drop] = made.clients[0].is_available(10.0)
    assert shares == {True: False, False: True}
