"""The Python interface: run, replay and compare scenarios, with results as frames and figures.

    import fedadapter as fa

    run = fa.run("scenario.yaml", {"rounds.participants": 30}, seed=1)
    run.evaluations                                 # a polars frame
    run.replay({"fleet.network.latency_s": 0.2})    # another clock, no training
    fa.study("study.yaml").figure("time-to-accuracy")

docs/tour.ipynb leads through it. The names below are imported on first use, so that importing this
package stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.runlog import RunError as RunError
    from sim.runs.run import MissingScoreError as MissingScoreError
    from sim.scenario.yaml_text import ScenarioError as ScenarioError

    from .figures import FigureChoices as FigureChoices
    from .figures import NotebookFigure as NotebookFigure
    from .runs import Run as Run
    from .runs import open_run as open_run
    from .runs import run as run
    from .studies import Study as Study
    from .studies import open_study as open_study
    from .studies import study as study

_HOMES = {
    "FigureChoices": "fedadapter.figures",
    "MissingScoreError": "sim.runs.run",
    "NotebookFigure": "fedadapter.figures",
    "Run": "fedadapter.runs",
    "RunError": "sim.runlog",
    "ScenarioError": "sim.scenario.yaml_text",
    "Study": "fedadapter.studies",
    "open_run": "fedadapter.runs",
    "open_study": "fedadapter.studies",
    "run": "fedadapter.runs",
    "study": "fedadapter.studies",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
