"""The simulated world and the ways into it. Importing this package loads nothing heavy."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.runs.run import run_scenario as run_scenario
    from sim.scenario.scenario import Scenario as Scenario
    from sim.scenario.scenario import Study as Study
    from sim.scenario.scenario_file import ScenarioError as ScenarioError
    from sim.scenario.scenario_file import load_scenario as load_scenario
    from sim.study.study import run_study as run_study
    from sim.study.study_file import load_study as load_study

_HOMES = {
    "Scenario": "scenario.scenario",
    "Study": "scenario.scenario",
    "ScenarioError": "scenario.scenario_file",
    "load_scenario": "scenario.scenario_file",
    "run_scenario": "runs.run",
    "load_study": "study.study_file",
    "run_study": "study.study",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
