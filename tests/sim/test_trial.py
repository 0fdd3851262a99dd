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
    Trial,
    TrialResult,
)
from learner.spec import Adapter, TuningConfig
from sim.run import run_scenario
from sim.runlog import RunError
from sim.scenario_file import ScenarioError

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
    assert decision["t_s"] == 6.0


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
    assert [d["t_s"] for d in decisions] == [0.5, 1.0, 1.2]
    assert all(d["rounds"] == {"keep": 0, "wider": 0, "deeper": 0} for d in decisions)
    assert result.rounds == 0


def test_windows_too_short_for_any_round_end_the_run_with_a_word(tmp_path: Path, make: Any) -> None:
    with pytest.raises(RunError, match="no round fits in 1000 trials in a row"):
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
        self, current: TuningConfig, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        if history:
            return None
        deeper = Branch(name="deeper", config=Adapter(depth=2, width=8))
        return Trial(branches=(Branch(name="keep", config=current), deeper), budget=Rounds(1))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        return Extend(Rounds(1)) if scores["keep"].rounds == 1 else BackTo()


def test_a_policy_can_extend_a_trial_and_go_back(tmp_path: Path, make: Any, rows: Any) -> None:
    result = run_scenario(make(), out=tmp_path, configurator=TwiceThenBack())
    (decision,) = of_kind(rows(result.run_dir), "decision")
    assert decision["rounds"] == {"keep": 2, "deeper": 2}
    assert (decision["chosen"], decision["lineage_round"]) == ("", 0)
    assert result.config == {"kind": "adapter", "depth": 1, "width": 8}


def test_costs_tell_a_policy_what_a_round_takes(tmp_path: Path, make: Any) -> None:
    asked = []

    class Asks(TwiceThenBack):
        def propose(
            self, current: TuningConfig, history: Sequence[TrialResult], costs: Costs
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
        self, current: TuningConfig, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        configs = (current, Adapter(depth=self.depth, width=8))
        branches = [Branch(name=n, config=c) for n, c in zip(self.names, configs, strict=True)]
        return Trial(branches=tuple(branches), budget=Rounds(self.rounds))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        return self.verdict  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [
        (Wrong(verdict="keep"), "decide must return Choose, Extend or BackTo, got 'keep'"),
        (Wrong(verdict=Choose("zzz")), "decide must choose one of keep, deeper, got 'zzz'"),
        (Wrong(names=("a", "a")), "the branches of a trial must have different names, got"),
        (Wrong(rounds=0), "a trial's budget must be at least 1 round, got 0"),
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

    with pytest.raises(RunError, match="the configurator's repr must tell its values"):
        run_scenario(make(), out=tmp_path, configurator=Nameless())
