"""Layout of the paper's figures: rows of panels, hours as unit, a legend above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

from analysis.figures.drawing.line_styles import LineStyle
from analysis.figures.drawing.look import Look
from analysis.figures.drawing.scales import scaling
from analysis.figures.drawing.style import BASELINE, COLOURS, DASHES, QUIET, TEXT_POINTS

MARKERS = ("o", "v", "s", "^", "D", "P")
MOST_PANELS = 4
_PANEL_IN = (2.9, 3.2)
_LEAST_IN = 7.2
_GLYPH_IN, _HANDLE_IN = 0.1, 0.75  # of a legend entry: one letter; line and gaps
_HOURS_FROM_S = 7200.0


def grid(n_rows: int, n_columns: int, *, share_y: bool = False) -> tuple[Figure, list[list[Axes]]]:
    """Return rows of panels with room above for a legend. Raises ValueError for more than 4 x 4."""
    if max(n_rows, n_columns) > MOST_PANELS:
        raise ValueError(
            f"shows at most {MOST_PANELS} by {MOST_PANELS} panels, got {n_rows} by {n_columns}"
        )
    size_in = (max(_LEAST_IN, _PANEL_IN[0] * n_columns), _PANEL_IN[1] * n_rows + 0.7)
    figure = Figure(figsize=size_in, layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    rows = figure.subplots(n_rows, n_columns, sharey=share_y, squeeze=False)
    return figure, [list(row) for row in rows]


def hours(unit: str, values: Sequence[float]) -> tuple[float, str]:
    """Return the divisor of values and the unit that ends their label; long times in hours.

    >>> hours("s", [1.0, 90.0]), hours("s", [60.0, 1e6])
    ((1.0, ', s'), (3600.0, ', h'))
    """
    longest = max(values)
    return (3600.0, ", h") if unit == "s" and longest >= _HOURS_FROM_S else scaling(unit, [longest])


def styles_of(names: Sequence[str]) -> Mapping[str, LineStyle]:
    """Return line styles by name: the first (in the paper full fine-tuning) dark, then colours."""
    free = [LineStyle(colour, dashes) for dashes, colour in product(DASHES, COLOURS)]
    return dict(zip(names, [LineStyle(BASELINE, DASHES[0]), *free], strict=False))


def legend(figure: Figure, handles: Sequence[Line2D | Patch], note: str = "") -> None:
    """Write a legend above all panels, in one row if it fits, and a grey note below."""
    rooms_in = [_GLYPH_IN * len(str(handle.get_label())) + _HANDLE_IN for handle in handles]
    width_in = figure.get_figwidth()
    fits = sum(rooms_in) <= width_in
    n_columns = len(handles) if fits else max(1, int(width_in / max(rooms_in)))
    figure.legend(handles=list(handles), loc="outside upper center", ncols=n_columns, frameon=False)
    figure.supxlabel(note, size=10, color=QUIET)


def restyled(figure: Figure, look: Look) -> Figure:
    """Return the figure in the size and text size of a look, and with its notes or without any.

    Nothing in these figures is placed by hand, so that the layout adapts itself.
    """
    if not look.has_notes:
        figure.supxlabel("")
    elif look.about:
        figure.supxlabel(f"{figure.get_supxlabel()}\n{look.about}", size=10, color=QUIET)
    width_in, height_in = figure.get_size_inches()
    figure.set_size_inches(look.width_in or width_in, look.height_in or height_in)
    scale = look.text_points / TEXT_POINTS
    if scale == 1:
        return figure
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_fontsize(float(text.get_fontsize()) * scale)
    for axes in figure.axes:
        axes.tick_params(labelsize=look.text_points)
    return figure
