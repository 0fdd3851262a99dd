"""Data of the interactive chart: accuracy against time, rounds, bytes and energy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from analysis.figures.drawing.line_styles import LineStyle
from analysis.figures.drawing.style import BASELINE, DASHES
from analysis.measures import accuracy_curve
from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.statistics.bands import accuracy_band
from analysis.tables.text import bounds_text

AXES = {
    "t_s": "simulated time, s",
    "round": "rounds",
    "mbytes": "MB per client",
    "kilojoules": "kJ per client",
}
"""Choices for the horizontal axis, with titles."""


_DASH_NAMES = ("solid", "dash", "dot")
"""The names that plotly and CSS have for DASHES."""


def chart(study: Study, styles: Mapping[str, LineStyle]) -> dict[str, Any]:
    """Return the data of the chart: its axes, one line per run, and one band per arm with seeds.

    Lines and bands have values for each axis. `baseline` is the dark colour, which the dark theme
    replaces; `levels`: accuracies of majority classes; `bounds`: what the bands are ("" without).
    """
    n_seeds = max(len(study.runs_of(arm)) for arm in study.arms)
    return {
        "axes": AXES,
        "baseline": BASELINE,
        "title": f"{study.runs[0].report_on} {study.runs[0].metric}",
        "lines": [_line(run, styles[run.arm]) for run in study.runs],
        "bands": [_band(study, arm, styles[arm]) for arm in study.arms if _has_band(study, arm)],
        "bounds": bounds_text(n_seeds) if n_seeds > 1 else "",
        "levels": sorted({r.majority_accuracy for r in study.runs if r.majority_accuracy}),
    }


def dash_name(style: LineStyle) -> str:
    """The name of a style's dashes: solid, dash or dot."""
    return _DASH_NAMES[DASHES.index(style.dashes)]


def cost_curve(run: Run) -> pl.DataFrame:
    """Return the accuracy curve with the cost up to each of its instants.

    Columns t_s, round, accuracy, mbytes (10^6 bytes per client) and kilojoules (per client), of the
    rounds that had ended, as defined in docs/metrics.md.
    """
    paid = run.rounds.select(
        "t_s",
        mbytes=(pl.col("down_bytes") + pl.col("up_bytes")).cum_sum() / 1e6 / run.n_clients,
        kilojoules=pl.col("energy_j").cum_sum() / 1e3 / run.n_clients,
    )
    curve = accuracy_curve(run).sort("t_s", maintain_order=True)
    return curve.join_asof(paid, on="t_s", strategy="backward").with_columns(
        pl.col("mbytes", "kilojoules").fill_null(0.0)
    )


def _line(run: Run, style: LineStyle) -> dict[str, Any]:
    curve = cost_curve(run)
    return {
        "arm": run.arm,
        "seed": run.seed,
        "colour": style.colour,
        "dash": dash_name(style),
        "accuracy": curve["accuracy"].to_list(),
        **{axis: curve[axis].to_list() for axis in AXES},
    }


def _has_band(study: Study, arm: str) -> bool:
    """Whether an arm has several seeds, all with evaluations."""
    curves = [accuracy_curve(run) for run in study.runs_of(arm)]
    return len(curves) > 1 and all(len(curve) for curve in curves)


def _band(study: Study, arm: str, style: LineStyle) -> dict[str, Any]:
    """The mean of an arm's seeds and its bounds, over each axis."""
    curves = [cost_curve(run) for run in study.runs_of(arm)]
    band: dict[str, Any] = {"arm": arm, "colour": style.colour, "dash": dash_name(style)}
    for axis in AXES:
        made = accuracy_band([curve.select("accuracy", t_s=axis) for curve in curves])
        band[axis] = {"x": made["t_s"].to_list()} | {
            name: made[name].to_list() for name in ("mean", "low", "high")
        }
    return band
