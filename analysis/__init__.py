"""Finished run directories -> numbers -> figures and tables. Never runs or imports the engine.

The public names are imported on first use, so that `import analysis` loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .figures.drawing.style import save_figure
    from .figures.partition import partition
    from .figures.time_to_accuracy import time_to_accuracy
    from .reading.load import Run, Study, load_study
    from .tables.published import published_rows
    from .tables.targets import caption, format_table, table_rows

__all__ = [
    "Run",
    "Study",
    "caption",
    "format_table",
    "load_study",
    "partition",
    "published_rows",
    "save_figure",
    "table_rows",
    "time_to_accuracy",
]

_HOMES = {
    "Run": "reading.load",
    "Study": "reading.load",
    "caption": "tables.targets",
    "format_table": "tables.targets",
    "load_study": "reading.load",
    "partition": "figures.partition",
    "published_rows": "tables.published",
    "save_figure": "figures.drawing.style",
    "table_rows": "tables.targets",
    "time_to_accuracy": "figures.time_to_accuracy",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
