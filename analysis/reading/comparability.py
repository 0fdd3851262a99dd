"""Warnings about runs that cannot be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.records import EndRow

from .grid import grid_warnings
from .run import Run

_BY_TARGET = "stop.target_accuracy"
_EQUAL_ENDS = 1.05
"""Ends of arms count as equal up to this ratio of the latest to the earliest."""


def incomparable(runs: Sequence[Run]) -> Iterator[str]:
    """Yield warnings about what cannot be compared: accuracies, crossings, ends of runs."""
    splits = sorted({run.report_on for run in runs})
    if len(splits) > 1:
        yield f"accuracies are not comparable: reported on {', '.join(splits)}"
    tasks = {str(run.manifest.get("task_digest")) for run in runs}
    if len(tasks) > 1:
        yield "accuracies are not comparable: the runs are of different tasks"
    stops = {_stop_target(run) for run in runs}
    if len(stops) > 1:
        listed = ", ".join(sorted("none" if stop is None else f"{stop:g}" for stop in stops))
        yield f"runs stop at different target accuracies ({listed}): the best is not comparable"
    yield from grid_warnings(runs)
    yield from _stopped_early(runs)
    yield from _unequal_ends(runs)


def _stopped_early(runs: Sequence[Run]) -> Iterator[str]:
    stopped = {run.arm: _stop_target(run) for run in runs if _is_stopped_by_target(run)}
    named = [f"{arm} at {stop:g}" for arm, stop in stopped.items()]
    if named:
        yield (
            f"runs stop at a single evaluation (stop.target_accuracy: {', '.join(named)}), so a "
            "sustained crossing of this accuracy is not seen: compare first crossings, or stop by "
            "rounds or time"
        )


def _unequal_ends(runs: Sequence[Run]) -> Iterator[str]:
    """What an arm misses by its own end it may have reached by the end of another arm."""
    is_trained = any(run.learner != "curve" for run in runs)
    if not is_trained or all(_stop_target(run) is not None for run in runs):
        return
    ends: dict[str, float] = {}
    for run in runs:
        ends[run.arm] = min(run.end_s, ends.get(run.arm, run.end_s))
    first, last = min(ends, key=lambda arm: ends[arm]), max(ends, key=lambda arm: ends[arm])
    if ends[last] > _EQUAL_ENDS * ends[first]:
        yield (
            f"arms end at different times ({first} at {ends[first]:.6g} s, {last} at "
            f"{ends[last]:.6g} s): a target that an arm has not reached by its end is unknown from "
            "there on, not missed"
        )


def _is_stopped_by_target(run: Run) -> bool:
    ends = run.events.rows(EndRow)
    return run.learner != "curve" and any(row["reason"] == _BY_TARGET for row in ends)


def _stop_target(run: Run) -> float | None:
    target = run.manifest["scenario"].get("stop", {}).get("target_accuracy")
    return None if target is None else float(target)
