"""Data sets as tasks: read, clean, split, partition among clients, score predictions."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .load import TaskSource as TaskSource
    from .load import load_task as load_task
    from .task import Split as Split
    from .task import Task as Task

_HOMES = {"Split": "task", "Task": "task", "TaskSource": "load", "load_task": "load"}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
