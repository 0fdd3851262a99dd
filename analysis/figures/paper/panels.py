"""What the paper's panels share: rows of them, hours, and a legend above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.figures.drawing.looks import Look
from analysis.figures.drawing.scales import scaling
from analysis.figures.drawing.style import BASELINE, COLOURS, DASHES, QUIET

MARKERS = ("o", "v", "s", "^", "D", "P")
MOST_PANELS = 4
_PANEL_IN = (2.9, 3.2)
_LEAST_IN = 7.2
_GLYPH_IN, _HANDLE_IN = 0.1, 0.75  # of a legend: a letter; line and gaps
_HOURS_FROM_S = 7200.0


def grid(n_rows: int, n_columns: int, *, share_y: bool = False) -> tuple[Figure, list[list[Axes]]]:
    """Rows of panels, at most four by four, with room above for a legend."""
    if max(n_rows, n_columns) > MOST_PANELS:
        raise ValueError(
            f"at most {MOST_PANELS} by {MOST_PANELS} panels fit, got {n_rows} by {n_columns}"
        )
    size_in = (max(_LEAST_IN, _PANEL_IN[0] * n_columns), _PANEL_IN[1] * n_rows + 0.7)
    figure = Figure(figsize=size_in, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    rows = figure.subplots(n_rows, n_columns, sharey=share_y, squeeze=False)
    return figure, [list(row) for row in rows]


def hours(unit: str, values: Sequence[float]) -> tuple[float, str]:
    """What to divide values by, and the end of their label: long times in hours, as in the paper.

    >>> hours("s", [1.0, 90.0]), hours("s", [60.0, 1e6])
    ((1.0, ', s'), (3600.0, ', h'))
    """
    longest = max(values)
    return (3600.0, ", h") if unit == "s" and longest >= _HOURS_FROM_S else scaling(unit, [longest])


def looks_of(names: Sequence[str]) -> Mapping[str, Look]:
    """The first name (the paper's full fine-tuning) dark, the others in colours, in their order."""
    free = [Look(colour, dashes) for dashes, colour in product(DASHES, COLOURS)]
    return dict(zip(names, [Look(BASELINE, DASHES[0]), *free], strict=False))


def legend(figure: Figure, handles: Sequence[Line2D | Patch], note: str = "") -> None:
    """Names above all panels, in one row if they fit, and a quiet line below."""
    rooms_in = [_GLYPH_IN * len(str(handle.get_label())) + _HANDLE_IN for handle in handles]
    width_in = figure.get_figwidth()
    fits = sum(rooms_in) <= width_in
    n_columns = len(handles) if fits else max(1, int(width_in / max(rooms_in)))
    figure.legend(handles=list(handles), loc="outside upper center", ncols=n_columns, frameon=False)
    figure.supxlabel(note, size=10, color=QUIET)
