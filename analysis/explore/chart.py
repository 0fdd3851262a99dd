"""The chart of the page, as the figure that plotly draws."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from analysis.reading.run import Run
from analysis.report.curves import AXES, cost_curve

from .outcome import Outcome

AS_RUN, REPLAYED, OTHERS = "as run", "replayed", "other arms"

_OLD, _NEW, _OTHER, _MARK = "#8c8c8c", "#1f8fd6", "#b5b5b5", "#d55e00"
"""Colours that can be told apart on the light and on the dark page."""


def figure(base: Run, outcome: Outcome | None, others: Sequence[Run], axis: str) -> dict[str, Any]:
    """Accuracy against time, megabytes or kilojoules: the run, its replay, other runs thin.

    outcome: None if nothing is changed. A vertical line marks where learning diverges; without the
    scores behind it the curve of the replay ends there.
    """
    lines = [_line(run, axis, OTHERS, _OTHER, 1.0) for run in others]
    for i, line in enumerate(lines):  # one entry of the legend for all
        line |= {"legendgroup": OTHERS, "showlegend": i == 0}
    lines.append(_line(base, axis, AS_RUN, _OLD, 2.5, "dot"))
    shapes, notes = [], []
    shown = [base]
    if outcome is not None:
        shown.append(outcome.run)
        lines.append(_line(outcome.run, axis, REPLAYED, _NEW, 2.5))
        if outcome.diverges_at_s is not None:
            x = _at(outcome.run, axis, outcome.diverges_at_s)
            shapes.append(_vertical(x))
            notes.append(_note(x, "learning diverges"))
    longest = max(_at(run, axis, run.end_s) for run in shown)
    layout = _layout(base, axis, 1.05 * longest)
    return {"data": lines, "layout": {**layout, "shapes": shapes, "annotations": notes}}


def _line(
    run: Run, axis: str, name: str, colour: str, width: float, dash: str = "solid"
) -> dict[str, Any]:
    curve = cost_curve(run)
    return {
        "type": "scatter",
        "mode": "lines+markers" if width > 1 else "lines",
        "name": name,
        "x": curve[axis].to_list(),
        "y": curve["accuracy"].to_list(),
        "line": {"color": colour, "width": width, "dash": dash},
        "marker": {"size": 5},
        "hovertemplate": f"%{{y:.1%}} at %{{x:.4s}}<extra>{escape(run.arm)}, {name}</extra>",
    }


def _at(run: Run, axis: str, t_s: float) -> float:
    """The place of a second on the axis: what the rounds that had ended by then had cost."""
    if axis == "t_s":
        return t_s
    paid = run.rounds.filter(run.rounds["t_s"] <= t_s)
    if axis == "mbytes":
        return float((paid["down_bytes"] + paid["up_bytes"]).sum()) / 1e6 / run.n_clients
    return float(paid["energy_j"].sum()) / 1e3 / run.n_clients


def _vertical(x: float) -> dict[str, Any]:
    line = {"color": _MARK, "width": 1.5, "dash": "dash"}
    return {"type": "line", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": line}


def _note(x: float, text: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "text": text,
        "showarrow": False,
        "font": {"color": _MARK, "size": 12},
    }


def _layout(base: Run, axis: str, end: float) -> dict[str, Any]:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "margin": {"l": 55, "r": 15, "t": 25, "b": 100},  # two lines of legend on a phone
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
        "hovermode": "closest",
        "xaxis": {"title": {"text": AXES[axis], "standoff": 8}, "range": [0, end]},
        "yaxis": {
            "title": {"text": f"{base.report_on} {base.metric}"},
            "tickformat": ".0%",
            "rangemode": "tozero",
        },
    }
