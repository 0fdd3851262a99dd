"""Lists all figures of a study by name, and draws those that its runs support."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.figure import Figure

from analysis.measures import is_moving
from analysis.reading.arms import chosen_arms
from analysis.reading.grid import has_mixed_modes
from analysis.reading.study import Study
from analysis.tables.arms import arm_frame, default_reference

from .accuracy_by_round import accuracy_by_round, accuracy_by_round_frame
from .bandwidth_seen import bandwidth_seen, bandwidth_seen_frame
from .configuration_path import configuration_path, configuration_path_frame
from .cost_to_target import cost_to_target, cost_to_target_frame
from .drawing.panels import check_arms
from .drawing.scales import axis_name
from .goal import FigureOptions, Goal, goal_of
from .heat_map import heat_map, heat_map_frame
from .partition import study_partitions
from .policy_comparison import policy_comparison
from .round_breakdown import round_breakdown, round_breakdown_frame
from .round_gantt import round_gantt, round_gantt_frame
from .staleness import staleness_figure, staleness_frame
from .straggler_cdf import straggler_cdf, straggler_frame
from .time_to_accuracy import time_to_accuracy
from .what_if import what_if, what_if_frame

Drawn = Iterator[tuple[str, Figure]]
"""Pairs of file name without suffix, and figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kind of figure. `draw` raises ValueError if the runs do not support it."""

    name: str
    shows: str
    draw: Callable[[Study, Goal], Drawn]


def draw_all(
    study: Study, options: FigureOptions, only: str | None = None
) -> Iterator[tuple[str, Figure | str]]:
    """Yield each figure by name, or the reason why not. Raises ValueError for an unknown name.

    Names of different figures differ: "-2" and so on is added where those of arms or axes do not,
    in the letters that file names have.
    """
    if only is not None and only not in CATALOGUE:
        raise ValueError(f"no figure is named {only}; known: {', '.join(CATALOGUE)}")
    goal = goal_of(study, options)
    study, seen = chosen_arms(study, options.arms), Counter[str]()
    for entry in CATALOGUE.values():
        if only in (None, entry.name):
            try:
                for name, figure in entry.draw(study, goal):
                    seen[name] += 1
                    yield name if seen[name] == 1 else f"{name}-{seen[name]}", figure
            except ValueError as error:
                yield entry.name, str(error)


MOST_NAMES = 16
"""Most arms on a figure with labels at the ends of lines."""


def _time_to_accuracy(study: Study, goal: Goal) -> Drawn:
    check_arms(len(study.arms), MOST_NAMES)
    yield "time-to-accuracy", time_to_accuracy(study, goal.look)


def _what_if(study: Study, goal: Goal) -> Drawn:
    if not study.axes:
        raise ValueError("the study has no axes")
    for axis, paths in study.axes.items():
        if goal.axis not in (None, axis):
            continue
        frame = what_if_frame(study, axis, goal.quantity, goal.target, goal.crossing)
        figure = what_if(
            frame,
            axis=axis_name(axis, paths),
            quantity=goal.quantity,
            target=goal.text,
            look=goal.look,
        )
        yield f"what-if-{slug(axis)}", figure


def _heat_map(study: Study, goal: Goal) -> Drawn:
    if len(study.axes) != 2:
        raise ValueError(f"a heat map needs two axes, the study has {len(study.axes)}")
    ((x, y),) = pairwise(study.axes)
    names = (axis_name(x, study.axes[x]), axis_name(y, study.axes[y]))
    frame = heat_map_frame(study, (x, y), goal.quantity, goal.target, goal.crossing)
    yield (
        "heat-map",
        heat_map(frame, axes=names, quantity=goal.quantity, target=goal.text, look=goal.look),
    )


def _policy_comparison(study: Study, goal: Goal) -> Drawn:
    if len(study.arms) < 2:
        raise ValueError("a comparison needs two arms")
    reference = goal.baseline or default_reference(study)
    frame = arm_frame(study, goal.quantity, goal.target, reference, crossing=goal.crossing)
    is_mixed = goal.quantity.unit == "rounds" and has_mixed_modes(study.runs)
    figure = policy_comparison(
        frame,
        quantity=goal.quantity,
        reference=reference,
        target=goal.text,
        note="a round of another mode is not the same work" if is_mixed else "",
        look=goal.look,
    )
    yield "policy-comparison", figure


def _partition(study: Study, goal: Goal) -> Drawn:
    figures = study_partitions(study, goal.look)
    if not figures:
        raise ValueError("no run has a partition of data (partition.json)")
    for number, figure in enumerate(figures, start=1):
        yield "partition" if number == 1 else f"partition-{number}", figure


def _accuracy_by_round(study: Study, goal: Goal) -> Drawn:
    check_arms(len(study.arms), MOST_NAMES)
    yield "accuracy-by-round", accuracy_by_round(accuracy_by_round_frame(study), study, goal.look)


def _configuration_path(study: Study, goal: Goal) -> Drawn:
    """One figure per arm whose configuration changes, of the first seed with which it does."""
    moving = [run for run in study.runs if is_moving(run)]
    if not moving:
        raise ValueError("no arm's configuration changes")
    for arm in dict.fromkeys(run.arm for run in moving):
        run = next(run for run in moving if run.arm == arm)
        title = f"{arm}, seed {run.seed}"
        colour = goal.look.style(arm).colour
        figure = configuration_path(
            configuration_path_frame(run), title=title, colour=colour, look=goal.look
        )
        yield f"configuration-path-{slug(arm)}", figure


def _round_breakdown(study: Study, goal: Goal) -> Drawn:
    yield "round-breakdown", round_breakdown(round_breakdown_frame(study), goal.look)


def _straggler_cdf(study: Study, goal: Goal) -> Drawn:
    yield "straggler-cdf", straggler_cdf(straggler_frame(study), goal.look)


def _staleness(study: Study, goal: Goal) -> Drawn:
    yield "staleness", staleness_figure(staleness_frame(study), study, goal.look)


def _round_gantt(study: Study, goal: Goal) -> Drawn:
    """One figure per arm, from its first seed."""
    for arm in study.arms:
        run = study.runs_of(arm)[0]
        figure = round_gantt(
            round_gantt_frame(run), title=f"{arm}, seed {run.seed}", look=goal.look
        )
        yield f"round-gantt-{slug(arm)}", figure


def _bandwidth_seen(study: Study, goal: Goal) -> Drawn:
    yield "bandwidth-seen", bandwidth_seen(bandwidth_seen_frame(study.runs), goal.look)


def _cost_to_target(study: Study, goal: Goal) -> Drawn:
    if goal.target is None:
        raise ValueError("no arm has a best accuracy; give a target")
    frame = cost_to_target_frame(study, goal.target, goal.crossing)
    yield "cost-to-target", cost_to_target(frame, target=goal.text, look=goal.look)


def slug(name: str) -> str:
    """Return a name as part of a file name.

    >>> slug("all layers (6, 16)")
    'all-layers-6-16'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "arm"


_SHOWS = {
    _time_to_accuracy: "accuracy over simulated time, and the configuration where it changes",
    _accuracy_by_round: "accuracy against rounds, or client updates where modes differ",
    _configuration_path: "depth and width over time with trials and winners, for arms that change "
    "them",
    _cost_to_target: "bytes and energy to the target by arm",
    _round_breakdown: "how clients' time in a round is spent, by device class",
    _straggler_cdf: "when updates that were used arrive, as shares of the selected clients, by "
    "device class",
    _staleness: "staleness of aggregated updates, by arm",
    _round_gantt: "what each client did in one round",
    _bandwidth_seen: "rates of transfers against those of their traces",
    _policy_comparison: "a quantity by arm with intervals, and its ratio to a reference arm",
    _what_if: "a quantity along each axis of a study",
    _heat_map: "a quantity over the two axes of a study",
    _partition: "examples of each label per client, for each partition",
}

CATALOGUE: Mapping[str, Entry] = {
    name: Entry(name=name, shows=shows, draw=draw)
    for draw, shows in _SHOWS.items()
    for name in [draw.__name__.removeprefix("_").replace("_", "-")]
}
"""By the name of the function that draws it."""
