"""Checks of the trials and decisions that a configurator returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from learner.plan import TuningPlan, is_part, parts_of, shape
from learner.ranges import require
from learner.spec import tuned_depth

from .protocol import BackTo, Budget, Choose, Decision, Extend, Rounds, SimSeconds, Trial, Unlimited


def check_trial(trial: Trial, n_participants: int, n_layers: int) -> None:
    """Raise ValueError for a trial with wrong branches or an empty budget.

    n_participants: of a round. n_layers: of the model.
    """
    require(isinstance(trial, Trial), f"propose must return a Trial or None, got {trial!r}")
    n_branches = len(trial.branches)
    require(
        1 <= n_branches <= n_participants,
        f"a trial must have 1 to {n_participants} branches (rounds.participants, one for each), "
        f"got {n_branches}",
    )
    (name, count), *_ = Counter(branch.name for branch in trial.branches).most_common(1)
    require(count == 1, f"the branches of a trial must have different names, got {name!r} twice")
    for branch in trial.candidates + trial.branches:
        check_plan(branch.plan, f"branch {branch.name!r} must have a plan")
    for branch in trial.branches:
        depth = tuned_depth(shape(branch.plan), n_layers)
        require(
            depth <= n_layers,
            f"branch {branch.name!r} must be at most {n_layers} deep (the model's layers), "
            f"got {depth}",
        )
    _check_budget(trial.budget)
    _check_views(trial)


def check_plan(plan: object, rule: str) -> None:
    """Raise ValueError, which begins with `rule`, for an object that is no plan, or one whose
    depths, widths or ranks are no whole numbers."""
    require(
        isinstance(plan, TuningPlan), f"{rule}, such as Adapter(depth=2, width=8), got {plan!r}"
    )
    assert isinstance(plan, TuningPlan)
    for part in parts_of(plan):
        sizes = [getattr(part.config, name, 0) for name in ("depth", "width", "rank")]
        require(
            all(type(size) is int for size in sizes), f"{rule} of whole numbers, got {part.config}"
        )


def _check_views(trial: Trial) -> None:
    if not trial.views:
        return
    require(len(trial.branches) == 1, "a trial with views must have one branch")
    whole = shape(trial.branches[0].plan)
    names = [view.name for view in trial.views]
    require(len(set(names)) == len(names), f"views must have different names, got {names}")
    for view in trial.views:
        require(
            is_part(shape(view.plan), whole),
            f"view {view.name!r} must be a part of its branch's {whole}, got {shape(view.plan)}",
        )


def _check_budget(budget: Budget) -> None:
    match budget:
        case SimSeconds(seconds):
            require(seconds > 0, f"a trial's budget must be above 0 s, got {seconds}")
        case Rounds(rounds):
            require(
                type(rounds) is int and rounds >= 1,
                f"a trial's budget must be a whole number of rounds from 1 on, got {rounds}",
            )
        case Unlimited():
            pass
        case _:
            raise ValueError(f"a budget must be SimSeconds, Rounds or Unlimited, got {budget!r}")


def check_decision(decision: Decision, names: Sequence[str]) -> None:
    """Raise ValueError for an object that is no decision, or one on a branch without a score.

    names: the branches with a score.
    """
    match decision:
        case Choose(branch):
            require(
                branch in names, f"decide must choose one of {', '.join(names)}, got {branch!r}"
            )
        case Extend(budget, branches):
            unknown = [name for name in branches if name not in names]
            require(not unknown, f"decide must extend some of {', '.join(names)}, got {unknown}")
            _check_budget(budget)
        case BackTo():
            pass
        case _:
            raise ValueError(f"decide must return Choose, Extend or BackTo, got {decision!r}")
