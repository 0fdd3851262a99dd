"""Absences and dropouts, computed by hand: 0.13 s download, 0.9 s training, 0.26 s upload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.runlog import RunError
from sim.runs.run import run_scenario

ABSENT_FROM_1_TO_2 = {"kind": "windows", "windows_s": [[0, 1], [2, 10]], "period_s": 10}


def rounds_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["row"] == "round"]


def test_dropped_work_is_lost_and_the_round_repeated_when_clients_return(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = {"fleet.availability": ABSENT_FROM_1_TO_2, "stop.rounds": 1}
    result = run_scenario(make(**changes), out=tmp_path)
    failed, done = rounds_of(rows(result.run_dir))
    assert (failed["status"], failed["t_s"], failed["round"], failed["attempt"]) == (
        "failed",
        pytest.approx(1.0, rel=1e-12),
        0,
        0,
    )
    assert failed["compute_s"] == pytest.approx(3 * 0.87)
    assert failed["lost_s"] == pytest.approx(3 * 1.0)
    assert (failed["lost_bytes"], failed["reports"]) == (3 * 130_000, [])
    assert (done["start_s"], done["attempt"], done["status"]) == (2.0, 1, "done")
    assert done["t_s"] == pytest.approx(2.0 + 1.29)


def test_paused_work_continues_where_it_was_interrupted(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    availability = ABSENT_FROM_1_TO_2 | {"when_offline": "pause"}
    changes = {"fleet.availability": availability, "stop.rounds": 1, "log": "all"}
    result = run_scenario(make(**changes), out=tmp_path)
    log = rows(result.run_dir)
    (row,) = rounds_of(log)
    assert row["t_s"] == pytest.approx(1.29 + 1.0)
    assert row["wait_s"] == pytest.approx(3 * 1.0)
    assert row["compute_s"] == pytest.approx(3 * 0.9)
    assert row["lost_s"] == 0
    attempts = [(r["start_s"], r["t_s"], r["status"]) for r in log if r["row"] == "compute"]
    assert attempts[:3] == [(0.13, pytest.approx(1.0, rel=1e-12), "away")] * 3
    assert attempts[3:] == [(2.0, pytest.approx(2.03), "done")] * 3


def test_restarted_work_starts_again_and_the_first_attempt_is_lost(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    availability = ABSENT_FROM_1_TO_2 | {"when_offline": "restart"}
    result = run_scenario(
        make(**{"fleet.availability": availability, "stop.rounds": 1}), out=tmp_path
    )
    (row,) = rounds_of(rows(result.run_dir))
    assert row["t_s"] == pytest.approx(2.0 + 0.9 + 0.26)
    assert row["compute_s"] == pytest.approx(3 * (0.87 + 0.9))
    assert row["lost_s"] == pytest.approx(3 * 0.87)
    assert row["lost_j"] == pytest.approx(3 * 0.87 * 12)


@pytest.mark.parametrize(
    ("when_offline", "on_s", "changes", "stage"),
    [
        ("restart", 60, {"fleet.network.latency_s": 100.0}, "down"),
        ("pause", 60, {"fleet.network.latency_s": 100.0}, "down"),
        ("restart", 1, {"task.batches_per_client": 40, "cache.enabled": False}, "compute"),
    ],
)
def test_a_run_whose_windows_are_too_short_for_a_stage_ends_with_an_error(
    tmp_path: Path, make: Any, when_offline: str, on_s: int, changes: Any, stage: str
) -> None:
    # A window every 120 s, of which 300 are tried.
    windows = {"kind": "windows", "windows_s": [[0, on_s]], "period_s": 120}
    scenario = make(**{"fleet.availability": windows | {"when_offline": when_offline}} | changes)
    complaint = (
        f"stalled at {36_000 + on_s} s: .*never available for long enough .client 0: "
        f"{stage}, client 1: {stage}, client 2: {stage}.; set rounds.deadline_s or stop.sim_s"
    )
    with pytest.raises(RunError, match=complaint):
        run_scenario(scenario, out=tmp_path)


@pytest.mark.parametrize("limit", [{"rounds.deadline_s": 240_000.0}, {"stop.sim_s": 240_000.0}])
def test_a_client_tries_until_the_deadline_or_the_end_of_the_run(
    tmp_path: Path, make: Any, rows: Any, limit: Any
) -> None:
    windows = {"kind": "windows", "windows_s": [[0, 60]], "period_s": 120}
    changes = {
        "fleet.availability": windows | {"when_offline": "restart"},
        "fleet.network.latency_s": 100.0,
        "rounds.max_failures": 1,
        "log": "all",
    }
    log = rows(run_scenario(make(**changes | limit), out=tmp_path).run_dir)
    assert sum(row["row"] == "transfer" and row["status"] == "away" for row in log) == 3 * 2000


def test_a_paused_upload_delivers_exactly_its_bytes(tmp_path: Path, make: Any, rows: Any) -> None:
    windows = {"kind": "windows", "windows_s": [[0, 1.1], [3, 10]], "period_s": 10}
    changes = {"fleet.availability": windows | {"when_offline": "pause"}, "stop.rounds": 1}
    (row,) = rounds_of(rows(run_scenario(make(**changes), out=tmp_path).run_dir))
    assert row["up_bytes"] == 3 * 130_000
    assert row["t_s"] == pytest.approx(1.29 + 1.9)


def test_a_round_does_not_wait_for_a_lost_client(tmp_path: Path, make: Any, rows: Any) -> None:
    # Client i is absent from 1 + 0.4 i s. The others have finished at 1.29 s, so only 0 is lost.
    windows = {"kind": "windows", "windows_s": [[0, 1], [1.5, 10]], "period_s": 10}
    changes = {"fleet.availability": windows | {"stagger_s": 0.4}, "stop.rounds": 1}
    changes |= {"log": "clients"}
    log = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    (row,) = rounds_of(log)
    assert (row["t_s"], row["reports"]) == (pytest.approx(1.29), [1, 2])
    assert [r["outcome"] for r in log if r["row"] == "client"] == ["lost", "done", "done"]
    assert log[0]["gone_s"] == pytest.approx(0.29)


def test_a_client_that_is_absent_only_during_its_work_is_lost(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    windows = {"kind": "windows", "windows_s": [[0, 0.5], [0.6, 10]], "period_s": 10}
    result = run_scenario(make(**{"fleet.availability": windows, "stop.rounds": 1}), out=tmp_path)
    assert [r["t_s"] for r in rounds_of(rows(result.run_dir))] == pytest.approx([0.5, 0.6 + 1.29])


def test_an_absent_client_is_not_selected(tmp_path: Path, make: Any, rows: Any) -> None:
    windows = {"kind": "windows", "windows_s": [[0, 4]], "period_s": 12, "stagger_s": 4}
    result = run_scenario(make(**{"fleet.availability": windows, "stop.rounds": 9}), out=tmp_path)
    log = rounds_of(rows(result.run_dir))
    selected = [(row["clients"], round(row["start_s"], 6) % 12 // 4) for row in log]
    assert {client for (client,), _ in selected} == {0, 1, 2}
    assert all(client == turn for (client,), turn in selected)


def test_the_run_ends_if_no_client_will_ever_be_available(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    windows = {"kind": "windows", "windows_s": [], "period_s": 10}
    result = run_scenario(make(**{"fleet.availability": windows}), out=tmp_path)
    (end,) = rows(result.run_dir)
    assert (end["t_s"], end["reason"]) == (0, "too few clients will ever be available again")


def test_a_client_that_drops_out_has_done_the_drawn_part_of_its_work(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = {"fleet.p_dropout": 1, "rounds.max_failures": 2, "log": "all"}
    log = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    clients = [row for row in log if row["row"] == "client"]
    assert [row["outcome"] for row in clients] == ["lost"] * 6
    for row in clients:
        position = row["down_bytes"] / 130_000 + row["compute_s"] / 0.9 + row["up_bytes"] / 130_000
        assert 0 < position < 3
        assert row["lost_bytes"] == row["down_bytes"] + row["up_bytes"]
    assert len({row["compute_s"] for row in clients}) > 2
    assert [row["reason"] for row in log if row["row"] == "dropout"] == ["vanished"] * 6
    assert log[-1]["reason"] == "rounds.max_failures"


@pytest.mark.parametrize("direction", ["down", "up"])
def test_a_run_with_a_dead_link_ends_with_an_error_that_names_the_clients(
    tmp_path: Path, make: Any, direction: str
) -> None:
    scenario = make(**{f"fleet.network.{direction}_mbytes_per_s": 0})
    with pytest.raises(RunError, match=rf"client 0: {direction}, client 1.*rounds.deadline_s"):
        run_scenario(scenario, out=tmp_path)


@pytest.mark.parametrize("when_offline", ["drop", "pause", "restart"])
def test_a_deadline_or_time_limit_ends_a_run_with_a_dead_link(
    tmp_path: Path, make: Any, rows: Any, when_offline: str
) -> None:
    dead = {"fleet.network.up_mbytes_per_s": 0, "rounds.max_failures": 2}
    by_deadline = run_scenario(make(**dead, **{"rounds.deadline_s": 5}), out=tmp_path)
    assert by_deadline.sim_seconds == pytest.approx(10, rel=1e-11)
    windows = ABSENT_FROM_1_TO_2 | {"when_offline": when_offline}
    limit = {"fleet.availability": windows, "stop": {"sim_s": 25}}
    by_limit = run_scenario(make(**dead, **limit), out=tmp_path)
    assert by_limit.rounds == 0
    assert all(row["up_bytes"] == 0 for row in rounds_of(rows(by_limit.run_dir)))
