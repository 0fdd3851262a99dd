"""The page: a Dash application whose state is its link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, dcc, html, no_update
from dash import State as Held
from dash.exceptions import PreventUpdate

from .chart import figure
from .model import Model
from .panel import KIND, panel
from .results import details, sentences
from .state import State, command_line, to_query

_COPY = (
    """(n, text) => { if (n) navigator.clipboard.writeText(text); return n ? "Copied" : "Copy"; }"""
)
_COPY_LINK = (
    """(n) => { if (n) navigator.clipboard.writeText(location.href); """
    """return n ? "Link copied" : "Copy link"; }"""
)


def make_page(model: Model) -> Dash:
    """The application. All its files are served from this machine."""
    app = Dash(
        __name__,
        title=f"{model.title} – explore",
        update_title="",
        serve_locally=True,
        include_pages_meta=False,
        suppress_callback_exceptions=True,  # the controls are made by a callback
    )
    app.layout = _layout(model)
    _add_callbacks(app, model)
    copy: Any = app.clientside_callback  # has no annotations
    said = Held("command", "children")
    copy(_COPY, Output("copy", "children"), Input("copy", "n_clicks"), said)
    copy(_COPY_LINK, Output("copy-link", "children"), Input("copy-link", "n_clicks"))
    return app


def _layout(model: Model) -> html.Div:
    return html.Div(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Store(id="shown"),
            dcc.Download(id="download"),
            html.Header([html.H1(model.title), html.P(model.subtitle, className="quiet")]),
            html.Main(
                [
                    html.Div(id="said", role="status"),
                    html.Div(
                        dcc.Graph(id="chart", responsive=True, config={"displayModeBar": False}),
                        id="chart-area",  # has the height that a responsive chart fills
                    ),
                    html.Section(id="panel", **_named("Controls")),
                    html.Section([html.Div(id="details"), *_this_state()], **_named("Results")),
                ]
            ),
        ]
    )


def _named(name: str) -> Any:
    """The attribute that names a part of the page for screen readers."""
    return {"aria-label": name}


def _this_state() -> list[Any]:
    """The command line of the state, with buttons."""
    return [
        html.H2("This state"),
        html.Pre(html.Code(id="command"), tabIndex=0),
        html.Div(
            [
                html.Button("Copy", id="copy", n_clicks=0),
                html.Button("Copy link", id="copy-link", n_clicks=0),
                html.Button("Export as study", id="export", n_clicks=0),
                html.A("Start again", href="/"),
            ],
            className="buttons",
        ),
        html.P(id="export-error", className="warning", hidden=True),
    ]


def _add_callbacks(app: Dash, model: Model) -> None:
    """The link makes the controls; the controls make the link and the results.

    `shown` holds the link whose controls the page shows. So they are made again only for a link
    that they did not make: one that was opened, or that the back button returned to.
    """

    @app.callback(
        Output("panel", "children"),
        Output("shown", "data"),
        Input("url", "search"),
        Held("shown", "data"),
    )
    def show_controls(search: str | None, shown: str | None) -> Any:
        query = search or ""
        if shown is not None and shown == query:
            raise PreventUpdate
        try:
            return _panel(model, model.state_of(query)), query
        except ValueError as error:
            start = html.A("Start again", href="/")
            return html.P([f"{error}. ", start], className="warning", role="alert"), query

    @app.callback(
        Output("url", "search"),
        Output("shown", "data", allow_duplicate=True),
        Output("panel", "children", allow_duplicate=True),
        Output("said", "children"),
        Output("chart", "figure"),
        Output("details", "children"),
        Output("command", "children"),
        Input({"type": KIND, "name": ALL}, "value"),
        Input("apply", "n_clicks"),
        Held({"type": KIND, "name": ALL}, "id"),
        Held("further-text", "value"),
        Held("shown", "data"),
        prevent_initial_call=True,
    )
    def simulate(
        values: Sequence[Any],
        _: int | None,
        ids: Sequence[Mapping[str, str]],
        further: str | None,
        shown: str | None,
    ) -> Any:
        if not ids:  # the link is not one of the page's
            raise PreventUpdate
        chosen = {one["name"]: value for one, value in zip(ids, values, strict=True)}
        others = [line.strip() for line in (further or "").splitlines() if line.strip()]
        earlier = model.state_of(shown or "")
        state = model.state_chosen(chosen, others, earlier)
        query = to_query(state)
        return (
            query,
            query,
            _panel(model, state) if model.has_other_controls(state, earlier) else no_update,
            *_results(model, state),
            command_line(model.directory, state),
        )

    @app.callback(
        Output("download", "data"),
        Output("export-error", "children"),
        Output("export-error", "hidden"),
        Input("export", "n_clicks"),
        Held("url", "search"),
        prevent_initial_call=True,
    )
    def export(_: int, search: str | None) -> Any:
        try:
            text = model.study_text(model.state_of(search or ""))
        except model.errors as error:
            return no_update, str(error), False
        return {"content": text, "filename": "what-if.yaml"}, "", True


def _panel(model: Model, state: State) -> list[Any]:
    return panel(state, model.runs, *model.controls_of(state))


def _results(model: Model, state: State) -> tuple[Any, Any, Any]:
    """Sentences, chart and details; the run alone if the state cannot be replayed."""
    base, others = model.run_of(state), model.others(state)
    try:
        outcome = model.outcome_of(state)
    except model.errors as error:
        said = html.P(f"Cannot be replayed: {error}", className="warning", role="alert")
        return said, figure(base, None, others, state.axis), details(base, None)
    return (
        sentences(base, outcome),
        figure(base, outcome, others, state.axis),
        details(base, outcome),
    )
