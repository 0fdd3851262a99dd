"""The quantity and the target accuracy by which figures compare arms."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.measures import Crossing
from analysis.reading.study import Study
from analysis.tables.runs import QUANTITIES, Quantity, QuantityName, default_target
from analysis.tables.text import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureOptions:
    """A user's choice: quantity, target (0-1; None: 95 % of the best accuracy), crossing."""

    quantity: QuantityName = "time"
    target: float | None = None
    crossing: Crossing = "sustained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """The options applied to a study: quantity, target (0-1, None if unknown) and its name."""

    quantity: Quantity
    target: float | None
    text: str
    crossing: Crossing = "sustained"


def goal_of(study: Study, options: FigureOptions) -> Goal:
    """Apply options to a study. Raises ValueError for a target outside 0-1."""
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
    return Goal(quantity=quantity, target=target, text=text, crossing=options.crossing)
