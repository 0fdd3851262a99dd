"""How figures look: a user's choice of size, text size and notes, and the style of each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from analysis.tables.text import shortened

from .line_styles import LineStyle
from .style import COLOURS, QUIET, SIZES, STYLE, TEXT_POINTS

_LEAST_IN, _MOST_IN = 1.0, 50.0
_LEAST_POINTS, _MOST_POINTS = 4.0, 40.0
_LETTER_EM = 0.56  # mean width of a letter of DejaVu Sans, in text sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`width_in`, `height_in`: of the whole figure in inches; None: what its content needs.

    `text_points`: size of labels; smaller text, lines and marks follow. `has_notes`: whether the
    grey lines above a figure are written (seeds, what marks mean). `about`: a last such line.
    `styles`: by arm.
    Raises ValueError for sizes below 1 or above 50 inches, and text below 4 or above 40 points.
    """

    width_in: float | None = None
    height_in: float | None = None
    text_points: float = TEXT_POINTS
    has_notes: bool = True
    about: str = ""
    styles: Mapping[str, LineStyle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, size_in in (("width", self.width_in), ("height", self.height_in)):
            if size_in is not None and not _LEAST_IN <= size_in <= _MOST_IN:
                raise ValueError(f"a figure's {name} must be 1 to 50 inches, got {size_in:g}")
        if not _LEAST_POINTS <= self.text_points <= _MOST_POINTS:
            raise ValueError(f"text must be 4 to 40 points, got {self.text_points:g}")

    def context(self, **settings: Any) -> AbstractContextManager[None]:
        """The matplotlib settings under which a figure is drawn; `_` in names stands for a dot."""
        sizes = dict.fromkeys(("font.size", "axes.labelsize", "axes.titlesize"), self.text_points)
        sizes |= {name: self.mark(points) for name, points in SIZES.items()}
        own = {name.replace("_", "."): value for name, value in settings.items()}
        return mpl.rc_context(STYLE | sizes | own)

    def figure(self, width_in: float, height_in: float, pad_in: float = 0.04) -> Figure:
        """An empty figure of this size, or of the user's; `pad_in`: around each panel."""
        size_in = (self.width_in or width_in, self.height_in or height_in)
        layout = ConstrainedLayoutEngine(w_pad=pad_in, h_pad=pad_in)
        return Figure(figsize=size_in, layout=layout)

    def points(self, less: float) -> float:
        """A text size that is smaller by `less` points, at the usual size of labels."""
        return self.text_points * (1 - less / TEXT_POINTS)

    def mark(self, points: float) -> float:
        """The width of a line or mark that has `points` at the usual size of labels."""
        return points * self.text_points / TEXT_POINTS

    def style(self, arm: str) -> LineStyle:
        """The line style of an arm, the first colour for a name that has none."""
        return self.styles.get(arm, LineStyle(COLOURS[0], "-"))

    @property
    def letter_in(self) -> float:
        """The mean width of a letter of a label in inches."""
        return _LETTER_EM * self.text_points / 72

    def letters(self, room_in: float) -> int:
        """How many letters of a label fit into a width."""
        return max(4, int(room_in / self.letter_in))

    def short(self, names: Sequence[str], room_in: float) -> dict[str, str]:
        """Names cut to a width, in their middle and never to the same."""
        return shortened(names, self.letters(room_in))

    def note(self, figure: Figure, text: str) -> None:
        """Write grey lines above the panels, unless the user wants none."""
        if not self.has_notes:
            return
        most = self.letters(figure.get_figwidth() - 0.2)
        lines = [line for part in (text, self.about) for line in wrap(part, most)]
        look: Any = {"color": QUIET, "size": self.text_points, "parse_math": False}
        figure.suptitle("\n".join(lines), x=0.01, ha="left", **look)


LOOK = Look()
