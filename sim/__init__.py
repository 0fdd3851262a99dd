"""The simulated world and the ways into it. Importing this package loads nothing heavy."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .run import run_scenario as run_scenario
    from .scenario import Scenario as Scenario
    from .scenario import Study as Study
    from .scenario_file import ScenarioError as ScenarioError
    from .scenario_file import load_scenario as load_scenario
    from .study import run_study as run_study
    from .study_file import load_study as load_study

_HOMES = {
    "Scenario": "scenario",
    "Study": "scenario",
    "ScenarioError": "scenario_file",
    "load_scenario": "scenario_file",
    "run_scenario": "run",
    "load_study": "study_file",
    "run_study": "study",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
