"""Windows of simulated time: what is cut is drawn anew, and what ends with a window counts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from configurator.protocol import Branch, Choose, SimSeconds, Trial, TrialRules
from learner.plan import TuningPlan
from learner.spec import Adapter, TuningConfig
from sim.runs.run import run_scenario

PROGRESSIVE = {"kind": "progressive", "interval_s": 60, "start": {"depth": 2, "width": 8}}
SLOW = {
    "partition.clients": 30,
    "rounds.participants": 4,
    "task": {"kind": "synthetic", "batches_per_client": 20},
    "cache.price_misses": True,
    "fleet.devices": {"jetson-tx2": 0.8, "raspberry-pi-4b": 0.2},
    "stop": {"sim_s": 3000},
}


def rounds_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["row"] == "round"]


def test_a_round_that_was_cut_is_drawn_anew(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = SLOW | {"configurator": PROGRESSIVE | {"crossing": "drop"}}
    told = rounds_of(rows(run_scenario(make(**changes), out=tmp_path).run_dir))
    pairs = [(a, b) for a, b in pairwise(told) if a["status"] == "cut"]
    assert len(pairs) > 10
    assert all(b["attempt"] == a["attempt"] + 1 for a, b in pairs)
    again = sum(len({*a["clients"]} & {*b["clients"]}) for a, b in pairs)
    assert again / (4 * len(pairs)) < 0.4  # by chance 4 of 30


def test_uncut_rounds_keep_the_cohorts_that_all_policies_share(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    first_s = {}
    for name, policy in {
        "fixed": {"kind": "fixed", "config": {"kind": "adapter", "depth": 2, "width": 8}},
        "progressive": PROGRESSIVE | {"interval_s": 1000.0},
    }.items():
        changes = SLOW | {"configurator": policy, "stop": {"rounds": 3}}
        told = rounds_of(rows(run_scenario(make(**changes), out=tmp_path).run_dir))
        first_s[name] = [row["clients"] for row in told]
    assert first_s["fixed"] == first_s["progressive"]


def test_a_job_without_rounds_that_was_cut_is_drawn_anew(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = SLOW | {
        "rounds": {"mode": "buffered", "participants": 4, "buffer": 4},
        "configurator": PROGRESSIVE | {"interval_s": 5},
        "stop": {"sim_s": 200},
    }
    told = rounds_of(rows(run_scenario(make(**changes), out=tmp_path).run_dir))
    cut = [row["clients"] for row in told if row["status"] == "cut"]
    assert len({tuple(sorted(clients)) for clients in cut}) > len(cut) / 2


@pytest.mark.parametrize("start_s", [0.0, 1e6])
def test_a_round_that_ends_exactly_with_its_window_counts(
    tmp_path: Path, make: Any, rows: Any, start_s: float
) -> None:
    # 0.005 s down and up at 26 MB/s, 0.09 s of computing: 0.1 + 0.1 + 0.1 is more than 0.3.
    windows = {
        "kind": "windows",
        "windows_s": [[start_s, start_s + 1e5]],
        "period_s": 2 * (start_s + 1e5),
    }
    changes = {
        "task": {"kind": "synthetic", "batches_per_client": 1},
        "partition.clients": 9,
        "fleet.network": {"kind": "constant", "down_mbytes_per_s": 26, "up_mbytes_per_s": 26},
        "fleet.availability": windows,
        "configurator": {
            "kind": "sideline",
            "interval_s": start_s + 0.3,
            "start": {"depth": 1, "width": 8},
            "branches": ["keep", "wider"],
        },
        "stop": {"rounds": 400, "sim_s": start_s + 0.3},
    }
    told = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    decision = next(row for row in told if row["row"] == "decision")
    assert decision["rounds"]["keep"] == 3


def test_a_point_of_the_curve_is_stamped_when_its_state_was_made(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = {
        "configurator": PROGRESSIVE
        | {"interval_s": 2.0, "crossing": "drop", "start": {"depth": 1, "width": 8}},
        "evaluation.every_rounds": 100,
        "stop": {"sim_s": 4.0},
    }
    run_dir = run_scenario(make(**changes), out=tmp_path).run_dir
    made = {row["state"]: row["t_s"] for row in rounds_of(rows(run_dir)) if row["status"] == "done"}
    text = (run_dir / "evaluations.jsonl").read_text(encoding="utf-8")
    points = [json.loads(line) for line in text.splitlines()]
    trained = [point for point in points if point["round"] > 0]
    assert any(point["t_s"] < 2.0 for point in trained)  # made before its window ended
    assert [p["t_s"] for p in trained if p["state"] in made] == [
        made[p["state"]] for p in trained if p["state"] in made
    ]
    assert len({(point["state"], point["round"]) for point in points}) == len(points)


@dataclass(frozen=True)
class Windows:
    """One branch that never changes, window after window."""

    window_s: float
    crossing: Any

    def initial(self) -> TuningConfig:
        return Adapter(depth=1, width=8)

    def propose(self, current: TuningPlan, history: Any, costs: Any) -> Trial:
        del history, costs
        return Trial(
            branches=(Branch(name="only", plan=current),),
            budget=SimSeconds(self.window_s),
            rules=TrialRules(crossing=self.crossing),
        )

    def decide(self, trial: Trial, scores: Any) -> Choose:
        del scores
        return Choose(trial.branches[0].name)


@pytest.mark.parametrize("crossing", ["drop", "finish"])
@pytest.mark.parametrize("n_rounds", [1, 3, 100])
def test_every_window_holds_the_rounds_that_fit_exactly_and_no_more(
    tmp_path: Path, make: Any, rows: Any, crossing: str, n_rounds: int
) -> None:
    length_s, n_windows = 1.29, 300 // n_rounds
    scenario = make(stop={"sim_s": length_s * n_rounds * n_windows})
    policy = Windows(length_s * n_rounds, crossing)
    run_dir = run_scenario(scenario, out=tmp_path, configurator=policy).run_dir
    told = rounds_of(rows(run_dir))
    assert {row["status"] for row in told} == {"done"}
    assert set(Counter(row["trial"] for row in told).values()) == {n_rounds}
    assert len(told) == n_rounds * n_windows
