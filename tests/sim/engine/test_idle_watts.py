"""Joules of clients that wait or are idle in a round, computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.engine.audit import Audit, AuditError
from sim.fleet.link import ServerLink
from sim.runs.run import run_scenario
from sim.study.replay import plan_replay, replay

# A TX2 takes 0.13 s down, 0.9 s of training and 0.26 s up, a Nano 0.9 s more: the TX2 is idle then.
PAIR = {
    "fleet.devices": {"jetson-tx2": 0.5, "jetson-nano": 0.5},
    "partition.clients": 2,
    "rounds.participants": 2,
    "stop.rounds": 1,
    "log": "clients",
}
PAUSED = {
    "fleet.availability": {
        "kind": "windows",
        "windows_s": [[0, 0.5], [2.5, 100]],
        "period_s": 1000,
        "when_offline": "pause",
    },
}


def told(rows: Any, run_dir: Path, kind: str) -> list[dict[str, Any]]:
    return [row for row in rows(run_dir) if row["row"] == kind]


def test_the_faster_client_is_charged_for_waiting_for_the_slower(
    make: Any, rows: Any, tmp_path: Path
) -> None:
    watts = {"jetson-tx2": 2.0, "jetson-nano": 1.5}
    result = run_scenario(make(**PAIR, **{"fleet.idle_w": watts}), out=tmp_path)
    (row,) = told(rows, result.run_dir, "round")
    assert row["idle_s"] == pytest.approx(0.9)
    assert row["idle_j"] == pytest.approx(2.0 * 0.9)
    assert sorted(c["idle_j"] for c in told(rows, result.run_dir, "client")) == pytest.approx(
        [0.0, 1.8]
    )
    (end,) = told(rows, result.run_dir, "end")
    assert end["idle_j"] == row["idle_j"]
    assert end["energy_j"] == row["energy_j"] == pytest.approx(12 * 0.9 + 10 * 1.8 + 2 * 4 * 0.39)


def test_an_absent_client_is_charged_for_waiting_to_return(
    make: Any, rows: Any, tmp_path: Path
) -> None:
    changes = PAUSED | {"fleet.idle_w": {"jetson-tx2": 2.0}, "stop.rounds": 1}
    result = run_scenario(make(**changes), out=tmp_path)
    (row,) = told(rows, result.run_dir, "round")
    assert row["wait_s"] == pytest.approx(3 * 2.0)
    assert row["idle_j"] == pytest.approx(2.0 * 3 * 2.0)


def test_an_update_that_waits_in_a_buffer_charges_nobody(
    make: Any, rows: Any, tmp_path: Path
) -> None:
    changes = PAIR | {"rounds.mode": "buffered", "rounds.buffer": 2}
    changes |= {"fleet.idle_w": {"jetson-tx2": 2.0}, "stop.rounds": 3}
    result = run_scenario(make(**changes), out=tmp_path)
    found = told(rows, result.run_dir, "round")
    assert sum(row["idle_s"] for row in found) > 0
    assert [row["idle_j"] for row in found] == [0.0] * len(found)


def test_without_idle_watts_the_log_has_no_such_field(make: Any, rows: Any, tmp_path: Path) -> None:
    result = run_scenario(make(**PAIR), out=tmp_path)
    assert not any("idle_j" in key for row in rows(result.run_dir) for key in row)


def test_a_replay_charges_idle_watts_and_changes_nothing_else(
    make: Any, rows: Any, tmp_path: Path
) -> None:
    original = run_scenario(make(**PAIR), out=tmp_path)
    study = plan_replay(original.run_dir, ["fleet.idle_w.jetson-tx2=2"])
    (again,) = replay(original.run_dir, study, out=tmp_path / "again")
    assert again.divergence is None
    replayed = rows(again.run_dir)
    idle = [row.pop("idle_j") for row in replayed if "idle_j" in row]
    assert sorted(idle) == pytest.approx([0.0, 1.8, 1.8, 1.8])  # two clients, the round, the end
    for row in replayed:
        row.pop("sidelined_idle_j", None)
    assert replayed == rows(original.run_dir)


def test_the_audit_counts_idle_joules_too(make: Any, rows: Any, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"1\.8 J of waiting and idle clients, not 0\.0"):
        Audit(ServerLink()).see_end(0, 0.0, 1.8)


@pytest.mark.parametrize(
    ("watts", "rule"),
    [
        ({"jetson-nano": 1.0}, "fleet.idle_w must name one of jetson-tx2, got jetson-nano"),
        ({"jetson-tx2": -1.0}, "fleet.idle_w.jetson-tx2 must be at least 0 W, got -1.0"),
    ],
)
def test_watts_of_no_device_and_negative_ones_are_refused(
    make: Any, watts: dict[str, float], rule: str
) -> None:
    with pytest.raises(ValueError, match=rule):
        make(**{"fleet.idle_w": watts})
