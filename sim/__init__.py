"""The simulator: scenarios, the SimPy engine, runs and studies.

The public names below are imported on first use, so that importing this package stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .runs.run import run_scenario as run_scenario
    from .scenario.file import ScenarioError as ScenarioError
    from .scenario.file import load_scenario as load_scenario
    from .scenario.scenario import Scenario as Scenario
    from .study.definition import Study as Study
    from .study.file import load_study as load_study
    from .study.study import run_study as run_study

_MODULES = {
    "Scenario": "scenario.scenario",
    "Study": "study.definition",
    "ScenarioError": "scenario.file",
    "load_scenario": "scenario.file",
    "run_scenario": "runs.run",
    "load_study": "study.file",
    "run_study": "study.study",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
