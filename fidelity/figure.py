"""Predicted against measured rounds, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from .comparison import read_world, round_seconds


def rounds_figure(directories: Sequence[Path], variant: str) -> Figure:
    """Every measured round beside its prediction, on logarithmic axes; one marker a world."""
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot()
    markers = "os^Dv<>"
    arms: dict[str, str] = {}
    low, high = float("inf"), 0.0
    for i, directory in enumerate(directories):
        measured, predicted = read_world(directory)
        told = predicted.filter(predicted["variant"] == variant)
        both = round_seconds(measured, "arm", "repeat").join(
            round_seconds(told, "arm", "repeat"),
            on=("arm", "repeat", "round"),
            suffix="_predicted",
        )
        for (arm,), own in both.group_by("arm", maintain_order=True):
            colour = arms.setdefault(str(arm), f"C{len(arms)}")
            x, y = own["seconds"].to_numpy(), own["seconds_predicted"].to_numpy()
            low, high = min(low, x.min(), y.min()), max(high, x.max(), y.max())
            axes.plot(
                *(x, y, markers[i % len(markers)]),
                color=colour,
                alpha=0.6,
                markersize=4,
                label=f"{directory.name}, {arm}",
            )
    ends = (low * 0.9, high * 1.1)
    axes.plot(ends, ends, color="0.5", linewidth=0.8)
    axes.set(
        xscale="log",
        yscale="log",
        xlim=ends,
        ylim=ends,
        xlabel="measured seconds of a round",
        ylabel="predicted seconds of a round",
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
    axes.legend(fontsize="x-small", ncols=2)
    return figure
