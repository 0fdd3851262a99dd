"""Renders a self-contained HTML report of a study; it opens from disk, without a network."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from plotly.offline import get_plotlyjs

from analysis.figures.catalogue import CATALOGUE, Entry
from analysis.figures.drawing.files import rendered
from analysis.figures.drawing.line_styles import arm_styles
from analysis.figures.goal import FigureOptions, Goal, goal_of
from analysis.measures import Crossing
from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.tables.caption import caption
from analysis.tables.cells import format_table
from analysis.tables.targets import table_rows
from analysis.tables.text import digits

from .caveats import caveats
from .curves import AXES, chart, dash_name
from .provenance import provenance
from .scenario_differences import differing_keys
from .summary import summary
from .time_spent import STAGES, TimeSpent, time_spent

SECTIONS = {
    "summary": "Summary",
    "curves": "Curves",
    "targets": "Targets",
    "time": "Time",
    "figures": "Figures",
    "scenarios": "Scenarios",
    "provenance": "Provenance",
}


def report(study: Study, crossing: Crossing = "sustained", baseline: str | None = None) -> str:
    """Return the HTML page. Raises ValueError if no run has an evaluation yet."""
    rows = table_rows(study, crossing=crossing, baseline=baseline)
    figures = _figures(study, crossing, baseline)
    headers, cells = format_table(rows)
    styles = arm_styles(study)
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_part("page.html.j2")).render(
        title=study.path.resolve().name,
        caption=caption(study, crossing, baseline),
        sections=[item for item in SECTIONS.items() if figures or item[0] != "figures"],
        summary=summary(study, rows),
        caveats=caveats(study, rows),
        arms=[(arm, styles[arm].colour, dash_name(styles[arm])) for arm in study.arms],
        axes=AXES,
        chart=chart(study, styles),
        table={"headers": headers, "rows": cells},
        stages=list(STAGES.values()),
        time_spent=[_bar(spent) for spent in time_spent(study)],
        figures=figures,
        differences=differing_keys({run.arm: run.manifest["scenario"] for run in _first(study)}),
        scenarios=[{"arm": run.arm, "yaml": _yaml(run)} for run in _first(study)],
        provenance=provenance(study),
        css=Markup(_part("page.css")),  # noqa: S704  (our own file)
        script=Markup(_part("page.js")),  # noqa: S704  (our own file)
        plotly=Markup(get_plotlyjs()),  # noqa: S704  (plotly's own file)
    )


def _part(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _first(study: Study) -> list[Run]:
    """The first run of each arm; all its seeds have the same scenario."""
    return [study.runs_of(arm)[0] for arm in study.arms]


def _yaml(run: Run) -> str:
    """The scenario file of the run; for older runs without one, JSON, which is valid YAML."""
    file = run.path / "scenario.yaml"
    if not file.exists():
        return json.dumps(run.manifest["scenario"], indent=2)
    return file.read_text(encoding="utf-8").rstrip()


def _figures(study: Study, crossing: Crossing, baseline: str | None) -> list[Mapping[str, str]]:
    """The figures that the runs support, as embedded images."""
    goal = goal_of(study, FigureOptions(crossing=crossing, baseline=baseline))
    return [
        {"svg": b64encode(rendered(figure, "svg")).decode(), "caption": entry.shows}
        for entry in CATALOGUE.values()
        for figure in _drawn(entry, study, goal)
    ]


def _drawn(entry: Entry, study: Study, goal: Goal) -> list[Figure]:
    try:
        return [figure for _, figure in entry.draw(study, goal)]
    except ValueError:  # the runs do not support this figure
        return []


def _bar(spent: TimeSpent) -> Mapping[str, Any]:
    words = [f"{STAGES[stage]} {share:.0%}" for stage, share in spent.shares.items() if share]
    if spent.wasted_share:
        words.append(f"{spent.wasted_share:.0%} of the work was wasted")
    if spent.trial_share:
        words.append(f"{spent.trial_share:.0%} of the work was in trial branches that lost")
    return {
        "arm": spent.arm,
        "hours": f"{digits(spent.client_hours)} client-hours",
        "shares": [f"{100 * share:.3f}" for share in spent.shares.values()],
        "text": "; ".join(words),
    }
