"""The simulated world and the ways into it. Importing this package loads nothing heavy."""

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

_HOMES = {
    "Scenario": "scenario.scenario",
    "Study": "study.definition",
    "ScenarioError": "scenario.file",
    "load_scenario": "scenario.file",
    "run_scenario": "runs.run",
    "load_study": "study.file",
    "run_study": "study.study",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
