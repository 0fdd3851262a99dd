"""Sideline trials: windows, pools, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from configurator.protocol import (
    BackTo,
    Branch,
    BranchScore,
    Choose,
    Costs,
    Decision,
    Extend,
    Rounds,
    SimSeconds,
    Trial,
    TrialResult,
)
from learner.plan import TuningPlan
from learner.spec import Adapter, TuningConfig
from sim.runlog import RunError
from sim.runs.run import run_scenario
from sim.scenario.file import ScenarioError

SIDELINE = {"kind": "sideline", "interval_s": 6, "start": {"depth": 1, "width": 8}}


def of_kind(rows: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["row"] == kind]


def test_each_branch_trains_as_many_rounds_as_fit_its_window(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    result = run_scenario(make(**{"configurator": SIDELINE, "stop.rounds": 5}), out=tmp_path)
    decision = of_kind(rows(result.run_dir), "decision")[0]
    # Rounds last 0.39 + 0.9 s (keep), 0.54 + 0.9 s (wider), 0.54 + 1.8 s (deeper).
    assert decision["rounds"] == {"keep": 4, "wider": 4, "deeper": 2}
    assert decision["t_s"] == pytest.approx(6.0)


def test_every_branch_has_its_own_clients(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"configurator": SIDELINE, "partition.clients": 12, "rounds.participants": 6}
    result = run_scenario(make(**changes), out=tmp_path)
    seen: dict[str, set[int]] = {}
    for row in of_kind(rows(result.run_dir), "round"):
        if row["trial"] == 0:
            seen.setdefault(row["branch"], set()).update(row["clients"])
            assert len(row["clients"]) == 2
    keep, wider, deeper = (seen[name] for name in ("keep", "wider", "deeper"))
    assert len(keep | wider | deeper) == len(keep) + len(wider) + len(deeper)


def members(rows: Sequence[dict[str, Any]], branch: str) -> list[list[int]]:
    """The clients of each round of a branch of the first trial."""
    mine = [row for row in rows if row["row"] == "round" and row["branch"] == branch]
    return [row["clients"] for row in mine if row["trial"] == 0]


def test_the_artifacts_branches_train_the_same_clients(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    rules = {"trial": {"allocation": "same"}}
    changes = {"configurator": SIDELINE | rules, "partition.clients": 30, "stop.rounds": 5}
    result = run_scenario(make(**changes, **{"rounds.participants": 9}), out=tmp_path)
    told = rows(result.run_dir)
    assert members(told, "keep")[:2] == members(told, "wider")[:2] == members(told, "deeper")[:2]


def test_redrawn_clients_work_for_one_branch_at_a_time(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    rules = {"trial": {"allocation": "redraw"}}
    changes = {"configurator": SIDELINE | rules, "partition.clients": 10, "stop.rounds": 30}
    result = run_scenario(make(**changes, **{"rounds.participants": 9}), out=tmp_path)
    trials = [row for row in rows(result.run_dir) if row["row"] == "round"]
    for one in trials:
        for other in trials:
            is_other = one["branch"] != other["branch"] and one["trial"] == other["trial"]
            if is_other and one["start_s"] < other["t_s"] and other["start_s"] < one["t_s"]:
                assert not set(one["clients"]) & set(other["clients"])
    everybody = {client for row in trials for client in row["clients"] if row["trial"] == 0}
    assert len(everybody) == 10  # the shallow branches are redrawn while the deep one works


def test_redraw_waits_for_clients_that_another_branch_has(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    rules = {"trial": {"allocation": "redraw"}, "branches": ["keep", "deeper"]}
    world = {"partition.clients": 3, "rounds.participants": 3, "rounds.overcommit": 2.0}
    changes = {"configurator": SIDELINE | rules, "stop": {"sim_s": 12}}
    result = run_scenario(make(**changes, **world), out=tmp_path)
    ended = [row for row in rows(result.run_dir) if row["row"] == "round"]
    assert {row["branch"] for row in ended} == {"keep", "deeper"}
    assert result.rounds > 0


def test_a_round_that_crosses_the_window_is_finished_where_the_rules_say_so(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    rules = {"trial": {"crossing": "finish"}}
    result = run_scenario(make(configurator=SIDELINE | rules, **{"stop.rounds": 5}), out=tmp_path)
    told = rows(result.run_dir)
    decision = of_kind(told, "decision")[0]
    # Rounds last 1.29, 1.44 and 2.34 s: the fifth ends at 6.45 and 7.2 s, the third at 7.02 s.
    assert decision["rounds"] == {"keep": 5, "wider": 5, "deeper": 3}
    assert decision["t_s"] == pytest.approx(7.2)
    assert {row["status"] for row in of_kind(told, "round")} == {"done"}


def test_the_best_score_of_a_window_may_be_an_earlier_one(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    sinking = {"kind": "curve", "points": [[0, 0.0], [120, 0.9], [600, 0.3]]}
    changes = {"learner": sinking, "stop.rounds": 5}
    scores = {}
    for score in ("last", "best-in-window"):
        policy = SIDELINE | {"trial": {"score": score}}
        result = run_scenario(make(configurator=policy, **changes), out=tmp_path)
        scores[score] = of_kind(rows(result.run_dir), "decision")[0]["scores"]
    # 40 samples a round: four rounds of keep end at 160, two of deeper at 80.
    assert scores["last"] == {"keep": 0.85, "wider": 0.85, "deeper": 0.6}
    assert scores["best-in-window"] == {"keep": 0.9, "wider": 0.9, "deeper": 0.6}


def test_what_lost_its_trial_is_told_apart_from_what_counted(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    result = run_scenario(make(**{"configurator": SIDELINE, "stop.rounds": 5}), out=tmp_path)
    told = rows(result.run_dir)
    first, end = of_kind(told, "decision")[0], of_kind(told, "end")[0]
    # The fifth round of keep and wider and the third of deeper are cut after one client's start.
    assert first["spent_client_rounds"] == {"keep": 5, "wider": 5, "deeper": 3}
    lost = [(d["trial"], name) for d in of_kind(told, "decision") for name in d["scores"]]
    chosen = {(d["trial"], d["chosen"]) for d in of_kind(told, "decision")}
    sums = {"bytes": 0, "energy_j": 0.0, "client_rounds": 0}
    for row in of_kind(told, "round"):
        if (row["trial"], row["branch"]) in lost and (row["trial"], row["branch"]) not in chosen:
            sums["bytes"] += row["down_bytes"] + row["up_bytes"]
            sums["energy_j"] += row["energy_j"]
            sums["client_rounds"] += len(row["clients"])
    assert end["sidelined_bytes"] == sums["bytes"] > 0
    assert end["sidelined_energy_j"] == pytest.approx(sums["energy_j"])
    assert end["sidelined_client_rounds"] == sums["client_rounds"]
    assert end["sidelined_busy_s"] < end["busy_s"]


def test_a_trial_can_go_on_with_fewer_branches_which_take_over_the_clients(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    search = {"kind": "search", "candidates": 4, "halving": 2, "interval_s": 6, "seed": 1}
    changes = {"configurator": search, "partition.clients": 8, "rounds.participants": 8}
    result = run_scenario(make(**changes, **{"stop.rounds": 40}), out=tmp_path)
    told = rows(result.run_dir)
    (decision,) = of_kind(told, "decision")
    assert decision["t_s"] == pytest.approx(12.0)
    assert len(decision["scores"]) == 2
    assert len(decision["spent_client_rounds"]) == 4
    sizes = {
        (row["trial"], row["start_s"] >= 6.0): len(row["clients"]) for row in of_kind(told, "round")
    }
    assert sizes == {(0, False): 2, (0, True): 4, (1, True): 8}


def test_the_winner_goes_on_and_ties_go_to_keep(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"configurator": SIDELINE, "stop.rounds": 8}
    result = run_scenario(make(**changes), out=tmp_path)
    first = of_kind(rows(result.run_dir), "decision")[0]
    assert first["scores"]["keep"] == first["scores"]["wider"] > first["scores"]["deeper"]
    assert (first["chosen"], first["lineage_round"]) == ("keep", 4)


def test_growth_ends_at_the_models_layers(tmp_path: Path, make: Any, rows: Any) -> None:
    start = {"depth": 12, "width": 64}
    changes = {"configurator": SIDELINE | {"start": start, "interval_s": 60}, "stop.rounds": 2}
    result = run_scenario(make(**changes), out=tmp_path)
    trained = of_kind(rows(result.run_dir), "round")
    assert [(row["branch"], len(row["clients"])) for row in trained] == [("keep", 3)] * 2
    assert result.config == {"kind": "adapter", "depth": 12, "width": 64}


def test_a_window_in_which_no_round_fits_is_survived(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"configurator": SIDELINE | {"interval_s": 0.5}, "stop": {"sim_s": 1.2}}
    result = run_scenario(make(**changes), out=tmp_path)
    decisions = of_kind(rows(result.run_dir), "decision")
    assert [d["t_s"] for d in decisions] == pytest.approx([0.5, 1.0, 1.2])
    assert all(d["rounds"] == {"keep": 0, "wider": 0, "deeper": 0} for d in decisions)
    assert result.rounds == 0


def test_windows_too_short_for_any_round_end_the_run_with_a_word(tmp_path: Path, make: Any) -> None:
    with pytest.raises(RunError, match="no round fits in 720 trials in a row"):
        run_scenario(make(configurator=SIDELINE | {"interval_s": 0.01}), out=tmp_path)


def test_every_branch_needs_a_participant(tmp_path: Path, make: Any) -> None:
    changes = {"rounds.participants": 2, "partition.clients": 9}
    with pytest.raises(ScenarioError, match=r"rounds.participants must be at least 3 for sideline"):
        make(configurator=SIDELINE, **changes)
    with pytest.raises(ValueError, match=r"a trial must have 1 to 1 branches .* got 2"):
        run_scenario(
            make(**changes | {"rounds.participants": 1}),
            out=tmp_path,
            configurator=TwiceThenBack(),
        )


@dataclass(frozen=True)
class TwiceThenBack:
    """Extends its trial once, throws it away, then trains on as it began."""

    def initial(self) -> TuningConfig:
        return Adapter(depth=1, width=8)

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        if history:
            return None
        deeper = Branch(name="deeper", plan=Adapter(depth=2, width=8))
        return Trial(branches=(Branch(name="keep", plan=current), deeper), budget=Rounds(1))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        return Extend(Rounds(1)) if scores["keep"].rounds == 1 else BackTo()


def test_a_policy_can_extend_a_trial_and_go_back(tmp_path: Path, make: Any, rows: Any) -> None:
    result = run_scenario(make(), out=tmp_path, configurator=TwiceThenBack())
    (decision,) = of_kind(rows(result.run_dir), "decision")
    assert decision["rounds"] == {"keep": 2, "deeper": 2}
    assert (decision["chosen"], decision["lineage_round"]) == ("", 0)
    assert result.config == {"kind": "adapter", "depth": 1, "width": 8}


@dataclass(frozen=True)
class NeverSure(TwiceThenBack):
    """Extends its trial for ever."""

    seconds: float = 1.0

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        return Extend(SimSeconds(self.seconds))


def test_an_extension_in_which_no_branch_can_go_on_ends_the_trial(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    result = run_scenario(
        make(**{"stop.rounds": 4}), out=tmp_path, configurator=NeverSure(seconds=3.0)
    )
    (decision,) = of_kind(rows(result.run_dir), "decision")
    assert decision["rounds"] == {"keep": 4, "deeper": 4}
    with pytest.raises(RunError, match="no round fits in 720 extensions in a row"):
        run_scenario(make(), out=tmp_path, configurator=NeverSure())


def test_costs_tell_a_policy_what_a_round_takes(tmp_path: Path, make: Any) -> None:
    asked = []

    class Asks(TwiceThenBack):
        def propose(
            self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
        ) -> Trial | None:
            asked.append(costs(current))
            return None

    run_scenario(make(), out=tmp_path, configurator=Asks())
    assert asked[0].seconds == pytest.approx(0.13 + 0.9 + 0.26)
    assert asked[0].bytes == 260_000
    assert asked[0].joules == pytest.approx(12 * 0.9 + 4 * 0.39)


@dataclass(frozen=True)
class Wrong(TwiceThenBack):
    """Two branches whose verdict is whatever it was given."""

    verdict: Any = None
    names: tuple[str, str] = ("keep", "deeper")
    rounds: int = 1
    depth: int = 2

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        configs = (current, Adapter(depth=self.depth, width=8))
        branches = [Branch(name=n, plan=c) for n, c in zip(self.names, configs, strict=True)]
        return Trial(branches=tuple(branches), budget=Rounds(self.rounds))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        return self.verdict  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        (Wrong(verdict="keep"), "decide must return Choose, Extend or BackTo, got 'keep'"),
        (Wrong(verdict=Choose("zzz")), "decide must choose one of keep, deeper, got 'zzz'"),
        (Wrong(names=("a", "a")), "the branches of a trial must have different names, got"),
        (Wrong(rounds=0), "a trial's budget must be a whole number of rounds from 1 on"),
        (
            Wrong(verdict=Extend(Rounds(0))),
            "a trial's budget must be a whole number of rounds from 1 on",
        ),
        (
            Wrong(verdict=Extend(Rounds(1), ("keep", "zzz"))),
            "decide must extend some of keep, deeper, got .'zzz'.",
        ),
        (
            Wrong(depth=13),
            "branch 'deeper' must be at most 12 deep .the model's layers",
        ),
    ],
)
def test_a_policy_that_says_the_impossible_is_told_so(
    tmp_path: Path, make: Any, policy: Wrong, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        run_scenario(make(), out=tmp_path, configurator=policy)


def test_a_policy_whose_repr_changes_cannot_be_resumed_and_is_refused(
    tmp_path: Path, make: Any
) -> None:
    class Nameless(TwiceThenBack):
        __repr__ = object.__repr__

    with pytest.raises(RunError, match="the repr of the configurator must show its values"):
        run_scenario(make(), out=tmp_path, configurator=Nameless())
