"""Writes figures as PNG, SVG or PDF files; the same figure gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.figure import Figure

from sim.runlog import write_atomically

Format = Literal["png", "svg", "pdf"]


FORMATS: tuple[Format, ...] = ("png", "svg", "pdf")


_FILES: Any = {
    "svg.hashsalt": "fedadapter",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "text.parse_math": False,  # of tick labels that are made while saving
}


_UNDATED: dict[Format, Any] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


def save_figure(
    figure: Figure, base_path: str | Path, formats: Sequence[Format] = ("png", "svg")
) -> list[Path]:
    """Write `<base_path>.<format>` for each format, each file whole or not at all."""
    base_path = Path(base_path)
    base_path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for format in formats:
        path = base_path.with_name(f"{base_path.name}.{format}")
        write_atomically(path, rendered(figure, format))
        written.append(path)
    return written


def rendered(figure: Figure, format: Format) -> bytes:
    """Return the bytes of the figure's file (PNG at 200 dpi), without dates or random ids."""
    content = BytesIO()
    with mpl.rc_context(_FILES):
        figure.savefig(content, format=format, dpi=200, metadata=_UNDATED[format])
    return content.getvalue()
