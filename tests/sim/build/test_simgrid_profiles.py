"""SimGrid profiles in a scenario: what holds at their end, and before their first date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.runs.run import run_scenario

BYTES = 130_000  # of an adapter of depth 1 and width 8, by the published counts


def downloads_s(run_dir: Path, rows: Any) -> set[float]:
    moved = [
        row for row in rows(run_dir) if row["row"] == "transfer" and row["direction"] == "down"
    ]
    return {round(row["t_s"] - row["start_s"], 9) for row in moved}


@pytest.mark.parametrize("offset", ["random", "zero"])
@pytest.mark.parametrize(
    ("profile", "seconds"),
    [
        # 100,000 bytes in 10 s, then the last value for ever: 30,000 bytes in 6 s.
        ("0 10000\n10 5000\n", 16.0),
        # Before its first date a profile that does not repeat has its first value.
        ("4 10000\n10 5000\n", 16.0),
    ],
)
def test_a_bandwidth_without_loopafter_holds_its_last_value_from_the_start_on(
    tmp_path: Path, make: Any, rows: Any, offset: str, profile: str, seconds: float
) -> None:
    (tmp_path / "link.bw").write_text(profile)
    files = {"source": str(tmp_path / "link.bw"), "format": "simgrid"}
    network = {
        "kind": "trace",
        "downlink": files,
        "uplink": {"ratio": 1.0},
        "offset": offset,
        "transport": {"kind": "fluid"},
    }
    scenario = make(**{"fleet.network": network, "stop.rounds": 1, "log": "all"})
    run_dir = run_scenario(scenario, out=tmp_path / "runs").run_dir
    assert downloads_s(run_dir, rows) == {seconds}


def test_a_bandwidth_with_loopafter_repeats(tmp_path: Path, make: Any, rows: Any) -> None:
    # 100,000 bytes in 10 s, 25,000 in the 5 s after the last date, 5,000 in the next period.
    (tmp_path / "link.bw").write_text("0 10000\n10 5000\nLOOPAFTER 5\n")
    network = {
        "kind": "trace",
        "downlink": str(tmp_path / "link.bw"),
        "uplink": {"ratio": 1.0},
        "transport": {"kind": "fluid"},
    }
    changes = {"fleet.network": network | {"offset": "zero"}, "stop.rounds": 1, "log": "all"}
    run_dir = run_scenario(make(**changes), out=tmp_path / "runs").run_dir
    assert downloads_s(run_dir, rows) == {15.5}


def rounds_at(tmp_path: Path, make: Any, rows: Any, profile: str, **changes: Any) -> list[float]:
    """When the rounds of one client start."""
    (tmp_path / "node.avail").write_text(profile)
    recorded = {"kind": "recorded", "source": str(tmp_path / "node.avail")}
    fleet = {"fleet.availability": recorded | {"offset": "zero", "when_offline": "pause"}}
    scenario = make(**fleet | {"rounds.participants": 1, "partition.clients": 1} | changes)
    run_dir = run_scenario(scenario, out=tmp_path / "runs").run_dir
    return [row["start_s"] for row in rows(run_dir) if row["row"] == "round"]


def test_a_state_with_loopafter_repeats(tmp_path: Path, make: Any, rows: Any) -> None:
    # Off until 100 s, on until 500 s, off until 600 s = 500 + LOOPAFTER, and again.
    profile = "0 0\n100 1\n500 0\nLOOPAFTER 100\n"
    starts_s = rounds_at(tmp_path, make, rows, profile, **{"stop.rounds": 1})
    assert starts_s == [100.0]


def test_a_device_is_on_before_the_first_date(tmp_path: Path, make: Any, rows: Any) -> None:
    starts_s = rounds_at(tmp_path, make, rows, "1000 0\n2000 1\n", **{"stop.rounds": 1})
    assert starts_s == [0.0]


def test_a_state_without_loopafter_holds_its_last_value(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    starts_s = rounds_at(tmp_path, make, rows, "0 0\n50 1\n", **{"stop.rounds": 3})
    assert len(starts_s) == 3
    assert starts_s[0] == 50.0


def test_a_run_ends_when_the_last_state_is_off(tmp_path: Path, make: Any, rows: Any) -> None:
    rounds_at(tmp_path, make, rows, "0 1\n1 0\n", **{"stop.rounds": 4})
    (run_dir,) = (tmp_path / "runs").glob("*/*")
    (end,) = [row for row in rows(run_dir) if row["row"] == "end"]
    assert (round(end["t_s"], 6), end["lineage_round"]) == (1.0, 0)
    assert end["reason"] == "too few clients will ever be available again"
