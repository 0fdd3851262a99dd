"""The simulated world and the ways into it. Importing this package loads nothing heavy."""

from importlib import import_module
from typing import Any

_HOMES = {
    "Scenario": "scenario",
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
