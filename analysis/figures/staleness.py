"""Figure: distribution of the staleness of aggregated updates, by arm."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from analysis.measures import staleness
from analysis.reading.study import Study

from .drawing.line_styles import LineStyle, arm_styles
from .drawing.look import LOOK, Look
from .drawing.panels import panel_width_in, panels
from .drawing.style import BASELINE

_MOST_TICKS = 10


def staleness_frame(study: Study) -> pl.DataFrame:
    """Return columns arm, staleness, reports, share: the aggregated updates of all seeds of an arm.

    reports and share (0-1) count the updates with this staleness. Arms without stale updates are
    left out. Raises ValueError if none remains, as with synchronous rounds.
    """
    parts = []
    for arm in study.arms:
        runs = pl.concat([staleness(run) for run in study.runs_of(arm)])
        counts = runs.group_by("staleness").agg(pl.col("reports").sum()).sort("staleness")
        if counts.filter(pl.col("staleness") > 0).height:
            share = pl.col("reports") / pl.col("reports").sum()
            parts.append(counts.select(pl.lit(arm).alias("arm"), pl.all(), share.alias("share")))
    if not parts:
        raise ValueError("no update is stale: rounds are synchronous")
    return pl.concat(parts)


def staleness_figure(frame: pl.DataFrame, study: Study, look: Look = LOOK) -> Figure:
    """Draw one panel per arm, one bar per staleness, the mean dashed.

    Raises ValueError for more than nine arms.
    """
    arms = frame["arm"].unique(maintain_order=True).to_list()
    styles = look.styles or arm_styles(study)
    with look.context():
        figure, row = panels(arms, "staleness, aggregations", look)
        for axes, arm in zip(row, arms, strict=True):
            _draw(axes, frame.filter(pl.col("arm") == arm), styles[arm], look)
        oldest = max(frame["staleness"].to_list())
        row[0].set_xlim(-0.7, oldest + 0.7)
        room = look.letters(panel_width_in(figure, row[0])) / (len(str(oldest)) + 0.6)
        nbins = min(_MOST_TICKS, max(2, int(room)))
        row[0].xaxis.set_major_locator(MaxNLocator(nbins, integer=True))
        row[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        row[0].set_ylabel("share of used updates")
        n_seeds = max(len(study.runs_of(arm)) for arm in arms)
        seeds = "single seed" if n_seeds == 1 else f"{n_seeds} seeds together"
        look.note(figure, f"{int(frame['reports'].sum()):,} updates, {seeds}")
    return figure


def _draw(axes: Axes, own: pl.DataFrame, style: LineStyle, look: Look) -> None:
    axes.bar(own["staleness"], own["share"], width=0.8, color=style.colour)
    mean = float((own["staleness"] * own["share"]).sum())
    axes.axvline(mean, color=BASELINE, ls="--", lw=look.mark(1.2))
    axes.annotate(
        f"mean {mean:.1f}\noldest {max(own['staleness'].to_list())}",
        (0.97, 0.95),
        xycoords="axes fraction",
        ha="right",
        va="top",
        size=look.points(1),
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
    )
