"""Relative accuracy over time, a panel a study: Figures 5 and 9."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.looks import Look
from analysis.scales import time_unit
from analysis.style import COLOURS, STYLE

from .panels import grid, legend, looks_of

_INSTANTS = 200
_BAND = "fixed: mean, least to most"


def curves(
    frames: Mapping[str, pl.DataFrame], *, banded: Collection[str] = (), note: str = ""
) -> Figure:
    """The frames of `relative_frame` by study: a line a run, up to where it reaches the target.

    banded: arms shown as one band from the least to the most accurate, and their mean, instead.
    """
    names = list(dict.fromkeys(arm for frame in frames.values() for arm in frame["arm"]))
    looks = looks_of(names) if not banded else _after_band([n for n in names if n not in banded])
    with mpl.rc_context(STYLE):
        figure, rows = grid(1, len(frames), share_y=True)
        for axes, (study, frame) in zip(rows[0], frames.items(), strict=True):
            unit_s, unit = time_unit(float(frame["t_s"].to_numpy().max()))
            scaled = frame.with_columns(pl.col("t_s") / unit_s)
            if banded:
                _draw_band(axes, scaled.filter(pl.col("arm").is_in(list(banded))))
            for (arm, _), run in scaled.group_by("arm", "seed", maintain_order=True):
                if arm in looks:
                    look = looks[str(arm)]
                    axes.plot(run["t_s"], run["share"], color=look.colour, ls=look.dashes, lw=1.4)
            axes.set_title(study, parse_math=False)
            axes.set_xlabel(f"simulated time, {unit}")
            axes.set_xlim(left=0.0)
        rows[0][0].set_ylabel("relative accuracy")
        rows[0][0].set_ylim(0.0, 1.05)
        handles = [Line2D([], [], color=k.colour, ls=k.dashes, label=n) for n, k in looks.items()]
        if banded:
            handles.append(Line2D([], [], color=COLOURS[0], ls=":", label=_BAND))
        legend(figure, handles, note)
    return figure


def _after_band(names: Sequence[str]) -> Mapping[str, Look]:
    return {name: Look(colour, "-") for name, colour in zip(names, COLOURS[1:], strict=False)}


def band_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns t_s, low, mean, high over the runs of a frame, at evenly spaced instants.

    Before its first evaluation a run is not counted; after its last it keeps that value.
    """
    times = np.linspace(0.0, float(frame["t_s"].to_numpy().max()), _INSTANTS)
    known = np.array(
        [
            np.interp(times, run["t_s"], run["share"], left=np.nan)
            for _, run in frame.group_by("arm", "seed", maintain_order=True)
        ]
    )  # (n_runs, n_instants)
    is_told = ~np.isnan(known).all(axis=0)
    told = known[:, is_told]
    return pl.DataFrame(
        {
            "t_s": times[is_told],
            "low": np.nanmin(told, axis=0),
            "mean": np.nanmean(told, axis=0),
            "high": np.nanmax(told, axis=0),
        }
    )


def _draw_band(axes: Axes, frame: pl.DataFrame) -> None:
    band = band_of(frame)
    axes.fill_between(band["t_s"], band["low"], band["high"], color=COLOURS[0], alpha=0.15, lw=0)
    axes.plot(band["t_s"], band["mean"], color=COLOURS[0], ls=":")
