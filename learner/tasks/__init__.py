"""Tasks: labelled texts from packages, files or a hub, cleaned and cut into splits."""

from .load import TaskSource, load_task
from .task import Split, Task

__all__ = ["Split", "Task", "TaskSource", "load_task"]
