"""Analyses finished runs: measures, statistics, tables, figures, report and timeline.

Reads run directories alone and never imports the engine.

The public names are imported on first use, so that `import analysis` loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .figures.drawing.files import save_figure as save_figure
    from .figures.partition import partition as partition
    from .figures.time_to_accuracy import time_to_accuracy as time_to_accuracy
    from .reading.run import Run as Run
    from .reading.study import Study as Study
    from .reading.study import load_study as load_study
    from .tables.caption import caption as caption
    from .tables.cells import format_table as format_table
    from .tables.published import published_rows as published_rows
    from .tables.targets import table_rows as table_rows

_HOMES = {
    "Run": "reading.run",
    "Study": "reading.study",
    "caption": "tables.caption",
    "format_table": "tables.cells",
    "load_study": "reading.study",
    "partition": "figures.partition",
    "published_rows": "tables.published",
    "save_figure": "figures.drawing.files",
    "table_rows": "tables.targets",
    "time_to_accuracy": "figures.time_to_accuracy",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
