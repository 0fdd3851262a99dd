"""Every figure by name: what it shows, and how it is drawn from a study."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.figure import Figure

from analysis.measures import is_moving
from analysis.reading.load import Study
from analysis.tables.arms import arm_frame, default_reference
from analysis.tables.runs import QUANTITIES, Quantity, QuantityName, default_target
from analysis.tables.targets import percent

from .accuracy_by_round import accuracy_by_round, accuracy_by_round_frame
from .bandwidth_seen import bandwidth_seen, bandwidth_seen_frame
from .configuration_path import configuration_path, configuration_path_frame
from .cost_to_target import cost_to_target, cost_to_target_frame
from .drawing.scales import axis_name
from .drawing.style import CURVE_NOTE, note_once
from .heat_map import heat_map, heat_map_frame
from .partition import study_partitions
from .policy_comparison import policy_comparison
from .round_breakdown import round_breakdown, round_breakdown_frame
from .round_gantt import round_gantt, round_gantt_frame
from .staleness import staleness_figure, staleness_frame
from .straggler_cdf import straggler_cdf, straggler_frame
from .time_to_accuracy import time_to_accuracy
from .what_if import what_if, what_if_frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What figures compare by: a quantity, and the accuracy (0-1) to reach; None: 95 % of best."""

    quantity: QuantityName = "time"
    target: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A wish for a given study: the quantity, the target (0-1, None if unknown) and its name."""

    quantity: Quantity
    target: float | None
    text: str


Drawn = Iterator[tuple[str, Figure]]
"""Figures by file name, without suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kind of figure. `draw` raises ValueError where the runs do not support it."""

    name: str
    shows: str
    draw: Callable[[Study, Goal], Drawn]

    def figures(self, study: Study, goal: Goal) -> Drawn:
        """The figures, each saying so where no training stands behind its accuracies."""
        for name, figure in self.draw(study, goal):
            if any(run.learner == "curve" for run in study.runs):
                note_once(figure, CURVE_NOTE)
            yield name, figure


def draw_all(
    study: Study, wish: Wish, only: str | None = None
) -> Iterator[tuple[str, Figure | str]]:
    """Each figure by name, or why it is left out. Raises ValueError for an unknown name."""
    if only is not None and only not in CATALOGUE:
        raise ValueError(f"no figure is named {only}; known: {', '.join(CATALOGUE)}")
    goal = goal_of(study, wish)
    for entry in CATALOGUE.values():
        if only in (None, entry.name):
            try:
                yield from entry.figures(study, goal)
            except ValueError as error:
                yield entry.name, str(error)


def goal_of(study: Study, wish: Wish) -> Goal:
    """The target in numbers and words. Raises ValueError for one outside 0-1."""
    quantity, target = QUANTITIES[wish.quantity], wish.target
    if target is not None:
        if not 0 < target <= 1:
            raise ValueError(f"a target must be above 0 and at most 1, got {target:g}")
        return Goal(quantity=quantity, target=target, text=percent(target))
    target = default_target(study)
    text = "95 % of best" if target is None else f"95 % of best ({100 * target:.1f} %)"
    return Goal(quantity=quantity, target=target, text=text)


MOST_NAMES = 16
"""Arms that can be named at the ends of their lines."""


def _refuse_crowd(study: Study) -> None:
    if len(study.arms) > MOST_NAMES:
        raise ValueError(
            f"at most {MOST_NAMES} arms fit on it, got {len(study.arms)}; "
            f"draw it from the directory of one arm"
        )


def _time_to_accuracy(study: Study, goal: Goal) -> Drawn:
    _refuse_crowd(study)
    yield "time-to-accuracy", time_to_accuracy(study)


def _what_if(study: Study, goal: Goal) -> Drawn:
    if not study.axes:
        raise ValueError("the study has no axes")
    for axis, paths in study.axes.items():
        frame = what_if_frame(study, axis, goal.quantity, goal.target)
        figure = what_if(
            frame, axis=axis_name(axis, paths), quantity=goal.quantity, target=goal.text
        )
        yield f"what-if-{slug(axis)}", figure


def _heat_map(study: Study, goal: Goal) -> Drawn:
    if len(study.axes) != 2:
        raise ValueError(f"a heat map needs two axes, the study has {len(study.axes)}")
    ((x, y),) = pairwise(study.axes)
    names = (axis_name(x, study.axes[x]), axis_name(y, study.axes[y]))
    frame = heat_map_frame(study, (x, y), goal.quantity, goal.target)
    yield "heat-map", heat_map(frame, axes=names, quantity=goal.quantity, target=goal.text)


def _policy_comparison(study: Study, goal: Goal) -> Drawn:
    if len(study.arms) < 2:
        raise ValueError("a comparison needs two arms")
    frame = arm_frame(study, goal.quantity, goal.target)
    reference = default_reference(study)
    figure = policy_comparison(frame, quantity=goal.quantity, reference=reference, target=goal.text)
    yield "policy-comparison", figure


def _partition(study: Study, goal: Goal) -> Drawn:
    figures = study_partitions(study)
    if not figures:
        raise ValueError("no run tells who holds what (partition.json)")
    for number, figure in enumerate(figures, start=1):
        yield "partition" if number == 1 else f"partition-{number}", figure


def _accuracy_by_round(study: Study, goal: Goal) -> Drawn:
    _refuse_crowd(study)
    yield "accuracy-by-round", accuracy_by_round(accuracy_by_round_frame(study), study)


def _configuration_path(study: Study, goal: Goal) -> Drawn:
    """One figure an arm that moves, from its first seed."""
    moving = [arm for arm in study.arms if is_moving(study.runs_of(arm)[0])]
    if not moving:
        raise ValueError("no arm's configuration changes")
    for arm in moving:
        run = study.runs_of(arm)[0]
        title = f"{arm}, seed {run.seed}"
        figure = configuration_path(configuration_path_frame(run), title=title)
        yield f"configuration-path-{slug(arm)}", figure


def _round_breakdown(study: Study, goal: Goal) -> Drawn:
    yield "round-breakdown", round_breakdown(round_breakdown_frame(study))


def _straggler_cdf(study: Study, goal: Goal) -> Drawn:
    yield "straggler-cdf", straggler_cdf(straggler_frame(study))


def _staleness(study: Study, goal: Goal) -> Drawn:
    yield "staleness", staleness_figure(staleness_frame(study), study)


def _round_gantt(study: Study, goal: Goal) -> Drawn:
    """One figure an arm, from its first seed."""
    for arm in study.arms:
        frame = round_gantt_frame(study.runs_of(arm)[0])
        yield f"round-gantt-{slug(arm)}", round_gantt(frame)


def _bandwidth_seen(study: Study, goal: Goal) -> Drawn:
    yield "bandwidth-seen", bandwidth_seen(bandwidth_seen_frame(study.runs))


def _cost_to_target(study: Study, goal: Goal) -> Drawn:
    if goal.target is None:
        raise ValueError("no arm has a best accuracy; give a target")
    frame = cost_to_target_frame(study, goal.target)
    yield "cost-to-target", cost_to_target(frame, target=goal.text)


def slug(name: str) -> str:
    """A name as part of a file's.

    >>> slug("all layers (6, 16)")
    'all-layers-6-16'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "arm"


_ENTRIES = (
    Entry(
        name="time-to-accuracy",
        shows="accuracy over simulated time, and the configuration of arms that move",
        draw=_time_to_accuracy,
    ),
    Entry(
        name="accuracy-by-round",
        shows="accuracy against rounds, without the clock",
        draw=_accuracy_by_round,
    ),
    Entry(
        name="configuration-path",
        shows="depth and width over time, trials and winners, of each arm that moves",
        draw=_configuration_path,
    ),
    Entry(
        name="cost-to-target", shows="bytes and energy to the target by arm", draw=_cost_to_target
    ),
    Entry(
        name="round-breakdown",
        shows="where a client's round went, by device class",
        draw=_round_breakdown,
    ),
    Entry(
        name="straggler-cdf",
        shows="when updates arrive, by device class",
        draw=_straggler_cdf,
    ),
    Entry(
        name="staleness",
        shows="how old updates are when they are used, by arm",
        draw=_staleness,
    ),
    Entry(name="round-gantt", shows="what each client did in one round", draw=_round_gantt),
    Entry(
        name="bandwidth-seen",
        shows="the rates that transfers saw, against their traces",
        draw=_bandwidth_seen,
    ),
    Entry(
        name="policy-comparison",
        shows="a quantity by arm with intervals, and its ratio to a reference arm",
        draw=_policy_comparison,
    ),
    Entry(name="what-if", shows="a quantity along each axis of a study", draw=_what_if),
    Entry(name="heat-map", shows="a quantity over the two axes of a study", draw=_heat_map),
    Entry(
        name="partition",
        shows="how many examples of each label every client has, for each partition there is",
        draw=_partition,
    ),
)

CATALOGUE: Mapping[str, Entry] = {entry.name: entry for entry in _ENTRIES}
