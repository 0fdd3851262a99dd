"""The controls as components: a slider for numbers in order, a list for any other choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from dash import dcc, html

from analysis.report.curves import AXES as TITLES

from .choice import Choice
from .state import AXES, State

KIND = "control"
"""The type in the ids of all controls; the name in an id is that of the Choice."""


def control_id(name: str) -> dict[str, str]:
    """The id of a control's component."""
    return {"type": KIND, "name": name}


def panel(
    state: State,
    runs: Mapping[str, str],
    choices: Sequence[Choice],
    chosen: Mapping[str, int],
    others: Sequence[str],
) -> list[Any]:
    """All controls in the state; `runs`: their names by directory, `others`: further overrides."""
    parts: list[Any] = [
        _field("Run", _list("run", list(runs), list(runs.values()), state.run)),
    ]
    for group, members in groupby(choices, key=lambda choice: choice.group):
        parts.append(
            html.Fieldset(
                [html.Legend(group), *(_choice(one, chosen[one.id]) for one in members)],
            )
        )
    parts.append(_further(others))
    axis = _list("axis", list(AXES), [TITLES[axis] for axis in AXES], state.axis)
    parts.append(_field("Horizontal axis", axis))
    return parts


def _choice(choice: Choice, place: int) -> Any:
    if not choice.is_scale:
        names = [
            f"{name} (as run)" if i == choice.base and name != "as run" else name
            for i, name in enumerate(choice.options)
        ]
        return _field(choice.label, _list(choice.id, list(range(len(names))), names, place))
    return _field(f"{choice.label}, {choice.unit}", _slider(choice, place))


def _slider(choice: Choice, place: int) -> dcc.Slider:
    marks: dict[int, Any] = {
        i: {"label": name, "style": {"fontWeight": "bold"} if i == choice.base else {}}
        for i, name in enumerate(choice.options)
    }
    return dcc.Slider(
        id=control_id(choice.id),
        min=0,
        max=len(choice.options) - 1,
        step=1,
        value=place,
        marks=marks,
        included=False,
        allow_direct_input=False,
    )


def _list(name: str, values: Sequence[Any], labels: Sequence[str], value: Any) -> dcc.Dropdown:
    options: Any = [
        {"label": label, "value": one} for label, one in zip(labels, values, strict=True)
    ]
    return dcc.Dropdown(
        id=control_id(name), options=options, value=value, clearable=False, searchable=False
    )


def _further(others: Sequence[str]) -> html.Details:
    """Overrides of any other key, one a line."""
    text = dcc.Textarea(
        id="further-text",
        value="\n".join(others),
        placeholder="fleet.jitter=0.3",
        spellCheck=False,
    )
    return html.Details(
        [
            html.Summary("Any other key"),
            html.Label(
                "One a line, as with --set. They are applied first.", htmlFor="further-text"
            ),
            text,
            html.Button("Apply", id="apply", n_clicks=0),
        ],
        open=bool(others),
    )


def _field(label: str, component: Any) -> html.Div:
    named: Any = {"aria-label": label}
    return html.Div(
        [html.Div(label, className="label"), component], className="field", role="group", **named
    )
