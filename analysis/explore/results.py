"""The results of a state as components: sentences, costs of targets, seconds of a round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from analysis.reading.run import Run
from analysis.tables.text import digits

from .chart import AS_RUN, REPLAYED
from .comparison import STAGES, TargetCost, stage_seconds, target_costs, totals
from .outcome import Outcome

_UNTRAINED = (
    "What is learned from there on is not known without training, so the curve ends; the command "
    "below trains it with --train."
)


def details(base: Run, outcome: Outcome | None) -> list[Any]:
    """The table of targets and the bars of a round; outcome None: nothing is changed."""
    runs, names = [base], [AS_RUN]
    if outcome is not None:
        runs, names = [base, outcome.run], [AS_RUN, REPLAYED]
    is_whole = outcome is None or not outcome.missing
    return [
        html.H2("Cost to reach an accuracy"),
        _table(target_costs(base, runs[-1], is_whole), len(runs)),
        html.H2("The seconds of a client's round"),
        *_bars(runs, names),
    ]


def sentences(base: Run, outcome: Outcome | None) -> list[Any]:
    """The ends of the run and of its replay, and where learning diverges."""
    said = [_totals(AS_RUN, base)]
    if outcome is None:
        return [*said, html.P("Change a control to replay the run without training.")]
    name = f"{REPLAYED}, as far as known" if outcome.missing else REPLAYED
    said.append(_totals(name, outcome.run, not outcome.missing))
    if not outcome.reason and not outcome.missing:
        return [*said, html.P("Learning is the same: all cohorts and decisions are.")]
    if not outcome.missing:
        text = f"{_capital(outcome.reason)}. All scores behind it are known."
    elif outcome.reason:
        text = f"{_capital(outcome.reason)}. {_UNTRAINED}"
    else:
        text = f"The curve ends early: {outcome.missing}."
    return [*said, html.P(text, className="warning")]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _totals(name: str, run: Run, is_whole: bool = True) -> html.P:
    return html.P([html.Strong(f"{_capital(name)}: "), ", ".join(totals(run, is_whole)), "."])


def _table(costs: Sequence[TargetCost], n: int) -> Any:
    if not costs:
        return html.P("The run reaches no multiple of 5 %.")
    columns = ("time", "MB per client", "kJ per client")
    head = html.Tr(
        [html.Th("target", scope="col"), *(html.Th(name, scope="col") for name in columns)]
    )
    rows = []
    for cost in costs:
        pairs = (cost.time, cost.mbytes, cost.kilojoules)
        cells = [html.Td(" → ".join(dict.fromkeys(pair[:n]))) for pair in pairs]
        rows.append(html.Tr([html.Th(cost.target, scope="row"), *cells]))
    return html.Table([html.Thead(head), html.Tbody(rows)], id="targets")


def _bars(runs: Sequence[Run], names: Sequence[str]) -> list[Any]:
    spent = [stage_seconds(run) for run in runs]
    longest_s = max(sum(seconds.values()) for seconds in spent) or 1.0
    rows: list[Any] = [
        html.P(
            [
                html.Span([html.Span(className=f"swatch {stage}"), title])
                for stage, title in STAGES.items()
            ],
            className="keys",
        )
    ]
    for name, seconds in zip(names, spent, strict=True):
        words = [f"{STAGES[stage]} {digits(s)} s" for stage, s in seconds.items() if s]
        bar = html.Div(
            [
                html.Span(className=stage, style={"width": f"{100 * s / longest_s:.3f}%"})
                for stage, s in seconds.items()
            ],
            className="bar",
            title="; ".join(words),
        )
        told = f"{digits(sum(seconds.values()))} s: {'; '.join(words)}"
        rows.append(html.Div([html.Div(_capital(name)), bar, html.Div(told, className="quiet")]))
    return rows
