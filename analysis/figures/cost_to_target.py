"""Figure: bytes and energy to a target accuracy, by arm."""

from __future__ import annotations

import polars as pl
from matplotlib.figure import Figure

from analysis.measures import Crossing
from analysis.reading.study import Study
from analysis.tables.arms import arm_frame
from analysis.tables.runs import QUANTITIES, QuantityName

from .drawing.look import LOOK, Look
from .drawing.scales import value_ticks
from .policy_comparison import NAMES, draw_amounts, fit_x, seeds_note, two_panels

_COSTS: tuple[QuantityName, ...] = ("bytes", "energy")


def cost_to_target_frame(
    study: Study, target: float, crossing: Crossing = "sustained"
) -> pl.DataFrame:
    """Return the rows of `arm_frame` for bytes and for energy; the column cost names which."""
    frames = [
        arm_frame(study, QUANTITIES[cost], target, crossing=crossing).with_columns(
            cost=pl.lit(cost)
        )
        for cost in _COSTS
    ]
    return pl.concat(frames)


def cost_to_target(frame: pl.DataFrame, *, target: str = "", look: Look = LOOK) -> Figure:
    """Draw megabytes (10^6 bytes) and kilojoules per client of the population by arm.

    With intervals; a hollow arrow at the right edge is an arm with seeds that did not reach the
    target. Raises ValueError if no arm has a value.
    """
    if frame["mean"].drop_nulls().is_empty():
        raise ValueError(f"no arm has values for bytes and energy to {target}")
    arms = frame["arm"].unique(maintain_order=True).to_list()
    with look.context(axes_grid_axis="x"):
        figure, panels = two_panels(len(arms), look)
        names = look.short(arms, NAMES * figure.get_figwidth())
        for axes, cost in zip(panels, _COSTS, strict=True):
            own = frame.filter(pl.col("cost") == cost)
            draw_amounts(axes, own, look)
            fit_x(
                axes,
                [*own["mean"].drop_nulls(), *own["low"].drop_nulls(), *own["high"].drop_nulls()],
            )
            quantity = QUANTITIES[cost]
            axes.set_xlabel(f"{quantity.text.format(target=target)},\n{quantity.unit}")
        value_ticks(panels[0].yaxis, range(len(arms)), list(names.values()))
        panels[0].set_ylim(len(arms) - 0.5, -0.5)
        look.note(figure, seeds_note(frame))
    return figure
