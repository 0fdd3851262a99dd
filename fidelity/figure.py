"""Predicted against measured rounds, as a figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from .comparison import read_world, round_seconds
from .results import KEPT


def rounds_figure(directories: Sequence[Path], variant: str) -> Figure:
    """Every measured round beside its prediction, on logarithmic axes; one colour an arm.

    Worlds with emulated devices and worlds with quotas have a panel each.
    """
    panels: dict[str, list[pl.DataFrame]] = {}
    for directory in directories:
        is_emulated = not json.loads((directory / KEPT).read_text(encoding="utf-8"))["core_share"]
        panel = panels.setdefault("emulated devices" if is_emulated else "quotas", [])
        panel.append(_both(directory, variant))
    figure = Figure(figsize=(1.4 + 4.2 * len(panels), 4.6), layout="constrained")
    all_axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    colours: dict[str, str] = {}
    for axes, (title, rounds) in zip(all_axes, panels.items(), strict=True):
        for (arm,), own in pl.concat(rounds).group_by("arm", maintain_order=True):
            colour = colours.setdefault(str(arm), f"C{len(colours)}")
            columns = own["seconds"], own["seconds_predicted"]
            axes.plot(*columns, "o", color=colour, alpha=0.4, markersize=3, label=str(arm))
        axes.axline((1.0, 1.0), (2.0, 2.0), color="0.5", linewidth=0.8)
        axes.set(title=title, xscale="log", yscale="log", xlabel="measured seconds of a round")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
        axes.legend(fontsize="small")
    all_axes[0].set_ylabel("predicted seconds of a round")
    return figure


def _both(directory: Path, variant: str) -> pl.DataFrame:
    """The seconds of every round of a world, measured and predicted."""
    measured, predicted = read_world(directory)
    told = predicted.filter(predicted["variant"] == variant)
    keys = ("arm", "repeat", "round")
    both = round_seconds(measured, *keys[:2]).join(
        round_seconds(told, *keys[:2]), on=keys, suffix="_predicted"
    )
    return both.select("arm", "seconds", "seconds_predicted")
