"""Deadlines, over-commitment, minimum reports and failed rounds, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.build.simulation import build_simulation
from sim.runlog import RunLog
from sim.runs.run import run_scenario, simulate

# Finish at 1.29 s (TX2), 2.19 s (Nano), 18.39 s (Pi).
MIXED = {
    "fleet.devices": {"jetson-tx2": 1 / 3, "jetson-nano": 1 / 3, "raspberry-pi-4b": 1 / 3},
    "partition.clients": 12,
    "rounds.participants": 12,
    "stop.rounds": 1,
    "log": "clients",
}


def outcomes(rows: list[dict[str, Any]]) -> list[str]:
    return [row["outcome"] for row in rows if row["row"] == "client"]


def test_at_the_deadline_the_finished_are_aggregated_and_the_late_charged(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    told = rows(run_scenario(make(**MIXED, **{"rounds.deadline_s": 2.5}), out=tmp_path).run_dir)
    row = told[-2]
    assert (row["row"], row["t_s"], row["status"]) == ("round", pytest.approx(2.5), "done")
    assert sorted(outcomes(told)) == ["done"] * 8 + ["late"] * 4
    assert row["lost_s"] == pytest.approx(4 * 2.5)
    assert row["idle_s"] == pytest.approx(4 * (2.5 - 1.29) + 4 * (2.5 - 2.19))
    assert row["lost_bytes"] == 4 * 130_000


def test_an_update_that_arrives_with_the_deadline_counts(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    end_s = run_scenario(make(**{"stop.rounds": 1}), out=tmp_path).sim_seconds
    changes = {"rounds.deadline_s": end_s, "stop.rounds": 1}
    (row, _) = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert row["reports"] == [0, 1, 2]


def test_late_updates_are_never_trained(tmp_path: Path, make: Any) -> None:
    curve = {"kind": "curve", "points": [[0, 0.0], [1000, 1.0]]}  # 40 samples a client
    result = run_scenario(make(**MIXED, learner=curve, **{"rounds.deadline_s": 2.5}), out=tmp_path)
    assert result.accuracy == 8 * 40 / 1000


def test_the_first_k_of_the_overcommitted_are_enough(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = MIXED | {"rounds.participants": 8, "rounds.overcommit": 1.5}
    told = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    row = told[-2]
    assert len(row["clients"]) == 12
    assert len(row["reports"]) == 8
    assert row["t_s"] == pytest.approx(2.19)  # nobody waits for a Pi
    assert sorted(outcomes(told)) == ["done"] * 8 + ["late"] * 4


def test_ties_among_the_overcommitted_go_by_client(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"rounds.participants": 2, "rounds.overcommit": 1.5, "stop.rounds": 1}
    (row, _) = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert (row["clients"], row["reports"]) == ([0, 1, 2], [0, 1])


def test_a_failed_round_is_retried_with_other_clients(tmp_path: Path, make: Any, rows: Any) -> None:
    # Eight reports in time need eight of the asked twelve of 120 to be no Pi: luck, but keyed.
    changes = MIXED | {"partition.clients": 120, "rounds.min_reports": 9, "rounds.deadline_s": 2.5}
    told = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    rounds = [row for row in told if row["row"] == "round"]
    assert [row["status"] for row in rounds][-1] == "done"
    assert len(rounds) > 1
    assert [row["attempt"] for row in rounds] == list(range(len(rounds)))
    assert all(len(row["reports"]) == 0 for row in rounds[:-1])
    assert len({tuple(row["clients"]) for row in rounds}) == len(rounds)


def test_an_abandoned_round_counts_and_changes_nothing(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = {"rounds.deadline_s": 1.0, "rounds.on_failure": "abandon", "stop.rounds": 3}
    result = run_scenario(make(**changes), out=tmp_path)
    *rounds, end = rows(result.run_dir)
    assert [(row["status"], row["round"]) for row in rounds] == [
        ("failed", 0),
        ("failed", 1),
        ("failed", 2),
    ]
    assert {row["state"] for row in rounds} == {end["state"]}
    assert (end["t_s"], end["lineage_round"], end["reason"]) == (
        pytest.approx(3.0),
        3,
        "stop.rounds",
    )


def test_a_branch_whose_rounds_were_all_abandoned_loses_its_trial(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    """Accuracy falls, so that untrained weights would win. The deeper branch is always late."""
    changes = {
        "learner": {"kind": "curve", "points": [[0, 0.9], [1000, 0.1]]},
        "configurator": {
            "kind": "sideline",
            "interval_s": 30,
            "start": {"depth": 1, "width": 8},
            "space": {"depth_step": 11, "max_width": 8},
        },
        "rounds.deadline_s": 1.4,
        "rounds.on_failure": "abandon",
        "stop.rounds": 40,
    }
    told = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    statuses = {(row["branch"], row["status"]) for row in told if row["row"] == "round"}
    assert ("deeper", "failed") in statuses
    assert ("deeper", "done") not in statuses
    assert {row["chosen"] for row in told if row["row"] == "decision"} == {"keep"}


def test_a_branch_needs_its_share_of_the_reports(tmp_path: Path, make: Any, rows: Any) -> None:
    # Three branches of four clients each, of whom the Pis are late: five of twelve are two of four.
    sideline = {"kind": "sideline", "interval_s": 60, "start": {"depth": 1, "width": 8}}
    changes = MIXED | {"configurator": sideline, "rounds.min_reports": 5, "rounds.deadline_s": 6.0}
    told = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    rounds = [row for row in told if row["row"] == "round" and row["status"] != "cut"]
    assert {len(row["clients"]) for row in rounds} == {4}
    assert {(len(row["reports"]) >= 2, row["status"]) for row in rounds} == {
        (True, "done"),
        (False, "failed"),
    }


def test_too_many_failures_in_a_row_end_the_run(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"rounds.deadline_s": 1.0, "rounds.max_failures": 4}
    *rounds, end = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert len(rounds) == 4
    assert (end["reason"], end["lineage_round"]) == ("rounds.max_failures", 0)


def test_the_server_takes_its_time_after_every_round(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"fleet.server.aggregation_s": 0.5, "stop.rounds": 2}
    *rounds, _ = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert [row["t_s"] for row in rounds] == [pytest.approx(1.79), pytest.approx(2 * 1.79)]
    assert rounds[0]["idle_s"] == pytest.approx(3 * 0.5)


def test_a_decision_costs_the_server_one_evaluation_a_branch(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    sideline = {"kind": "sideline", "interval_s": 6, "start": {"depth": 1, "width": 8}}
    changes = {"configurator": sideline, "fleet.server.evaluation_s": 0.25, "stop.rounds": 5}
    told = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    decisions = [row["t_s"] for row in told if row["row"] == "decision"]
    assert decisions[0] == pytest.approx(6.0 + 3 * 0.25)


def test_compute_time_follows_the_configuration(tmp_path: Path, make: Any) -> None:
    seconds = []
    for depth in (1, 2, 3):
        config = {"kind": "adapter", "depth": depth, "width": 8}
        changes = {"configurator.config": config, "stop.rounds": 1}
        seconds.append(run_scenario(make(**changes), out=tmp_path).sim_seconds)
    # 80,000 + 50,000 x depth bytes each way; 0.09 s a batch and layer, ten batches.
    assert seconds == pytest.approx([0.39 + 0.9, 0.54 + 1.8, 0.69 + 2.7])


def test_a_client_without_batches_still_takes_part(tmp_path: Path, make: Any) -> None:
    simulation = build_simulation(
        make(**{"stop.rounds": 1, "rounds.deadline_s": 9}),
        0,
        log=RunLog(tmp_path),
        cache_dir=tmp_path,
    )
    for client in simulation.clients:
        client.n_batches = 0
    simulate(simulation)
    assert simulation.context.env.now == pytest.approx(0.39)
    assert simulation.server.accountant.totals.n_done == 3


def test_a_policy_that_selects_too_few_is_asked_again(tmp_path: Path, make: Any, rows: Any) -> None:
    """Of the candidates of a draw, often only one meets the policy's deadline."""
    fedcs = {"kind": "fedcs", "deadline_s": 5.0, "candidates": 1.5}
    changes = MIXED | {"selection": fedcs, "rounds.participants": 3, "rounds.min_reports": 2}
    run = run_scenario(make(**changes | {"stop.rounds": 20}), out=tmp_path)
    *rounds, end = rows(run.run_dir)
    assert end["reason"] == "stop.rounds"
    assert {len(row["clients"]) for row in rounds if row["row"] == "round"} <= {2, 3}
    never = changes | {"selection.deadline_s": 0.1}
    end = rows(run_scenario(make(**never), out=tmp_path / "never").run_dir)[-1]
    assert end["reason"] == "rounds.max_failures"


def test_only_clients_that_are_sent_count_as_selected(tmp_path: Path, make: Any) -> None:
    windows = {"kind": "windows", "windows_s": [[0, 300]], "period_s": 1200, "stagger_s": 95}
    oort = {"selection": {"kind": "oort"}, "rounds.min_reports": 3, "stop.rounds": 10}
    offline = {"fleet.availability": windows | {"when_offline": "pause"}, "log": "clients"}
    changes: dict[str, Any] = offline | oort | {"partition.clients": 12, "rounds.participants": 3}
    simulation = build_simulation(make(**changes), 0, log=RunLog(tmp_path), cache_dir=tmp_path)
    lineage, _ = simulate(simulation)
    sent = (tmp_path / "events.jsonl").read_text().count('"row":"client"')
    assert sent == lineage.history.n_selected.sum()
