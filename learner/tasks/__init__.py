"""Data sets as tasks: read, clean, split, partition among clients, score predictions."""

from .load import TaskSource, load_task
from .task import Split, Task

__all__ = ["Split", "Task", "TaskSource", "load_task"]
