"""What a user chooses for figures: quantity, target, arms, axis and look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from analysis.measures import Crossing
from analysis.reading.pricing import timed_as
from analysis.reading.study import Study
from analysis.tables.runs import QUANTITIES, Quantity, QuantityName, default_target
from analysis.tables.text import percent

from .drawing.line_styles import arm_styles
from .drawing.look import LOOK, Look
from .drawing.style import CURVE_NOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureOptions:
    """A user's choice: quantity, target (0-1; None: 95 % of the best accuracy), crossing.

    `arms`: those to draw; none: all. `axis`: that of a what-if figure; None: one figure for each.
    `baseline`: the arm of the ratios, or a name under the study's `hindsight`; None: the first of
    full fine-tuning, or the first of all.
    """

    quantity: QuantityName = "time"
    target: float | None = None
    crossing: Crossing = "sustained"
    arms: Sequence[str] = ()
    axis: str | None = None
    baseline: str | None = None
    look: Look = LOOK


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """The options applied to a study: quantity, target (0-1, None if unknown) and its name.

    `look` has the style of each arm, and says if no training gave the accuracies.
    """

    quantity: Quantity
    target: float | None
    text: str
    crossing: Crossing = "sustained"
    axis: str | None = None
    baseline: str | None = None
    look: Look = field(default=LOOK)


def goal_of(study: Study, options: FigureOptions) -> Goal:
    """Apply options to a study. Raises ValueError for a target outside 0-1 and an unknown axis."""
    if options.axis is not None and options.axis not in study.axes:
        axes = ", ".join(study.axes) or "none"
        raise ValueError(f"{study.path}: has no axis {options.axis}; its axes: {axes}")
    quantity, target = QUANTITIES[options.quantity], options.target
    if target is not None:
        if not 0 < target <= 1:
            raise ValueError(f"a target must be above 0 and at most 1, got {target:g}")
        text = percent(target)
    else:
        target = default_target(study)
        text = "95 % of best" if target is None else f"95 % of best ({100 * target:.1f} %)"
    if options.crossing == "first":
        text += ", first crossing"
    about = " · ".join([*([CURVE_NOTE] if has_curve(study) else []), *timed_as(study.runs)])
    return Goal(
        quantity=quantity,
        target=target,
        text=text,
        crossing=options.crossing,
        axis=options.axis,
        baseline=options.baseline,
        look=replace(options.look, styles=arm_styles(study), about=about),
    )


def has_curve(study: Study) -> bool:
    """Return whether the accuracy of some run is from a learning curve, not from training."""
    return any(run.learner == "curve" for run in study.runs)
