"""Data of the interactive chart: accuracy against time, rounds, bytes and energy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from analysis.figures.drawing.style import BASELINE
from analysis.measures import accuracy_curve
from analysis.reading.run import Run
from analysis.reading.study import Study

AXES = {
    "t_s": "simulated time, s",
    "round": "rounds",
    "mbytes": "MB per client",
    "kilojoules": "kJ per client",
}
"""Choices for the horizontal axis, with titles."""


def chart(study: Study, colours: Mapping[str, str]) -> dict[str, Any]:
    """Return the data of the chart: its axes, and one line per run with values for each axis.

    `baseline` is the dark colour, which the dark theme replaces; `levels`: accuracies of majority
    classes.
    """
    return {
        "axes": AXES,
        "baseline": BASELINE,
        "title": f"{study.runs[0].report_on} {study.runs[0].metric}",
        "lines": [_line(run, colours[run.arm]) for run in study.runs],
        "levels": sorted({r.majority_accuracy for r in study.runs if r.majority_accuracy}),
    }


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


def _line(run: Run, colour: str) -> dict[str, Any]:
    curve = cost_curve(run)
    return {
        "arm": run.arm,
        "seed": run.seed,
        "colour": colour,
        "accuracy": curve["accuracy"].to_list(),
        **{axis: curve[axis].to_list() for axis in AXES},
    }
