"""Lists the paper's Figures 5 to 11 by number, and draws those that the studies support."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl
from matplotlib.figure import Figure

from analysis.figures.goal import FigureOptions, Goal, goal_of
from analysis.reading.arms import chosen_arms
from analysis.reading.pricing import timed_as
from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.tables.runs import Quantity

from .bars import bars
from .curves import curves
from .frames import axis_frame, batch_frame, relative_frame, title_of
from .lines import lines
from .panels import restyled

PREFIX = "paper-fig-"
MOST_ARMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFigure:
    """One figure. `draw` raises ValueError if the studies do not support it."""

    shows: str
    draw: Callable[[Sequence[Study], Sequence[Goal]], Figure]


def draw_paper(
    studies: Sequence[Study], options: FigureOptions, only: str | None = None
) -> Iterator[tuple[str, Figure | str]]:
    """Yield each figure of the paper by name, or the reason why not.

    Raises ValueError for an unknown name and for two studies with the same name.
    """
    if only is not None and only not in PAPER:
        raise ValueError(
            f"no figure of several directories is named {only}; known: {', '.join(PAPER)}"
        )
    titles = [title_of(study) for study in studies]
    if len(set(titles)) < len(titles):
        raise ValueError(
            f"the directories must differ in their last names, got {', '.join(titles)}"
        )
    goals = [goal_of(study, options) for study in studies]
    studies = [chosen_arms(study, options.arms) for study in studies]
    timed = "; ".join(timed_as([run for study in studies for run in study.runs]))
    for name, entry in PAPER.items():
        if only in (None, name):
            try:
                figure = entry.draw(studies, goals)
            except ValueError as error:
                yield name, str(error)
                continue
            yield name, restyled(figure, replace(options.look, about=timed))


def _fig_5(studies: Sequence[Study], goals: Sequence[Goal]) -> Figure:
    _check_arms(studies)
    return curves(_relative(studies, goals), note=_notes(studies, _targets(goals)))


def _fig_6(studies: Sequence[Study], goals: Sequence[Goal]) -> Figure:
    return _along(studies, goals, lambda key: "bytes_per_s" in key, "bandwidth, MB/s")


def _fig_7(studies: Sequence[Study], goals: Sequence[Goal]) -> Figure:
    if _is_ablation(studies):
        raise ValueError("some arms have a cache and some have none: draw Figure 8")
    return _by_device(studies, goals, is_one_row=False)


def _fig_8(studies: Sequence[Study], goals: Sequence[Goal]) -> Figure:
    if not _is_ablation(studies):
        raise ValueError("needs arms with and without cache")
    return _by_device(studies, goals, is_one_row=True)


def _fig_9(studies: Sequence[Study], goals: Sequence[Goal]) -> Figure:
    kinds = {run.arm: _policy(run) for study in studies for run in study.runs}
    fixed = {arm for arm, kind in kinds.items() if kind == ("fixed", "adapter")}
    trials = {arm for arm, kind in kinds.items() if kind[0] == "sideline"}
    if len(fixed) < 2 or not trials:
        raise ValueError("needs an arm of sideline trials and at least two fixed adapters")
    shown = {
        study: frame.filter(frame["arm"].is_in(sorted(fixed | trials)))
        for study, frame in _relative(studies, goals).items()
    }
    return curves(shown, banded=fixed, note=_notes(studies, _targets(goals)))


def _fig_10(studies: Sequence[Study], goals: Sequence[Goal]) -> Figure:
    frame = batch_frame(studies, lambda key: key.endswith(".depth"))
    return lines(frame, x_label="tuned depth", y_label="time a batch", unit="s", is_linear=True)


def _fig_11(studies: Sequence[Study], goals: Sequence[Goal]) -> Figure:
    return _along(studies, goals, lambda key: key == "rounds.participants", "clients a round")


PAPER: Mapping[str, PaperFigure] = {
    f"{PREFIX}{number}": PaperFigure(shows=shows, draw=draw)
    for number, shows, draw in (
        (5, "accuracy relative to the target over time, one panel per study", _fig_5),
        (6, "a quantity against bandwidth, one panel per study", _fig_6),
        (7, "a quantity by device, one row per study, one panel per device", _fig_7),
        (8, "ablation of adapters, their configuration and the cache, by device", _fig_8),
        (9, "sideline trials against all fixed adapters, one panel per study", _fig_9),
        (10, "seconds per batch by tuned depth, with and without the cache", _fig_10),
        (11, "a quantity against the clients per round, one panel per study", _fig_11),
    )
}


def _along(
    studies: Sequence[Study], goals: Sequence[Goal], sets: Callable[[str], bool], x_label: str
) -> Figure:
    quantity = goals[0].quantity
    frame = axis_frame(studies, sets, quantity, [goal.target for goal in goals], goals[0].crossing)
    note = _notes_of(studies, quantity)
    if frame["value"].null_count():
        note += " · no mean where a seed did not reach it"
    return lines(frame, x_label=x_label, y_label=_y_label(goals), unit=quantity.unit, note=note)


def _by_device(studies: Sequence[Study], goals: Sequence[Goal], *, is_one_row: bool) -> Figure:
    quantity = goals[0].quantity
    targets = [goal.target for goal in goals]
    frame = axis_frame(
        studies, lambda key: key == "fleet.devices", quantity, targets, goals[0].crossing
    )
    return bars(
        frame,
        y_label=_y_label(goals),
        unit=quantity.unit,
        is_one_row=is_one_row,
        note=_notes_of(studies, quantity),
    )


def _relative(studies: Sequence[Study], goals: Sequence[Goal]) -> dict[str, pl.DataFrame]:
    frames = {}
    for study, goal in zip(studies, goals, strict=True):
        if goal.target is None:
            raise ValueError(f"{title_of(study)}: no arm has a best accuracy; give a target")
        frames[title_of(study)] = relative_frame(study, goal.target, goal.crossing)
    return frames


def _y_label(goals: Sequence[Goal]) -> str:
    """The label of the quantity, with the target if all studies have the same."""
    texts = {goal.text for goal in goals}
    return goals[0].quantity.text.format(target=texts.pop() if len(texts) == 1 else "95 % of best")


def _targets(goals: Sequence[Goal]) -> str:
    """A note on the targets that accuracies are relative to."""
    return "relative to " + ", ".join(dict.fromkeys(goal.text for goal in goals))


def _check_arms(studies: Sequence[Study]) -> None:
    names = {arm for study in studies for arm in study.arms}
    if len(names) > MOST_ARMS:
        raise ValueError(f"shows at most {MOST_ARMS} arms, got {len(names)}")


def _notes(studies: Sequence[Study], *first: str) -> str:
    """Notes on the runs: number of seeds, and accuracies from a learning curve."""
    runs = [run for study in studies for run in study.runs]
    n_seeds = max(len(study.runs_of(arm)) for study in studies for arm in study.arms)
    seeds = "single seed" if n_seeds == 1 else f"up to {n_seeds} seeds"
    curve = "accuracy from a learning curve, not from training"
    return " · ".join([*first, seeds] + [curve] * any(run.learner == "curve" for run in runs))


def _notes_of(studies: Sequence[Study], quantity: Quantity) -> str:
    """As `_notes`, without accuracy for a quantity that needs none."""
    return "time only" if quantity.column == "end_s" else _notes(studies)


def _is_ablation(studies: Sequence[Study]) -> bool:
    """Whether some runs cache activations and others do not."""
    return len({_has_cache(run) for study in studies for run in study.runs}) > 1


def _has_cache(run: Run) -> bool:
    return bool(run.manifest["scenario"].get("cache", {}).get("enabled"))


def _policy(run: Run) -> tuple[str, str]:
    """The kind of the configurator, and of its fixed configuration."""
    configurator = run.manifest["scenario"].get("configurator", {})
    return str(configurator.get("kind")), str(configurator.get("config", {}).get("kind"))
