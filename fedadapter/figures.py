"""Figures of runs and studies, as objects that display themselves in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from matplotlib.figure import Figure

from analysis.figures.catalogue import CATALOGUE, draw_all
from analysis.figures.drawing.files import Format, rendered, save_figure
from analysis.figures.drawing.look import Look
from analysis.figures.drawing.style import CURVE_NOTE, TEXT_POINTS
from analysis.figures.goal import FigureOptions, has_curve
from analysis.measures import Crossing
from analysis.reading.study import Study
from analysis.tables.runs import QuantityName

from .warn import warn

_PIXELS_PER_IN = 100
"""Width of a displayed figure. Its PNG has twice as many pixels, for dense screens."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotebookFigure:
    """A figure that a notebook displays as PNG; `figure` is matplotlib's, to change it further."""

    name: str
    figure: Figure

    def save(self, path: str | Path, formats: Sequence[Format] = ("png", "svg")) -> list[Path]:
        """Write `<path>.<format>` for each format (png, svg, pdf)."""
        return save_figure(self.figure, path, formats)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width = round(self.figure.get_figwidth() * _PIXELS_PER_IN)
        return rendered(self.figure, "png"), {"width": width}


class FigureChoices(TypedDict, total=False):
    """Options of figures, as those of `fedadapter figures`.

    `measure`: the quantity that figures compare. `target`: accuracy (0-1); 95 % of the best without
    it. `arms`: those to draw. `axis`: of what-if figures. `width_in`, `height_in`: inches.
    `text_points`: size of labels. `has_notes`: whether the grey lines above a figure are written.
    """

    measure: QuantityName
    target: float
    crossing: Crossing
    arms: Sequence[str]
    axis: str
    width_in: float
    height_in: float
    text_points: float
    has_notes: bool


def draw(
    study: Study, only: str | None = None, **choices: Unpack[FigureChoices]
) -> dict[str, Figure | str]:
    """Figures by name; in place of one that the runs do not support, the reason."""
    look = Look(
        width_in=choices.get("width_in"),
        height_in=choices.get("height_in"),
        text_points=choices.get("text_points", TEXT_POINTS),
        has_notes=choices.get("has_notes", True),
    )
    options = FigureOptions(
        quantity=choices.get("measure", "time"),
        target=choices.get("target"),
        crossing=choices.get("crossing", "sustained"),
        arms=choices.get("arms", ()),
        axis=choices.get("axis"),
        look=look,
    )
    if not look.has_notes and has_curve(study):
        warn([f"{study.path}: {CURVE_NOTE}"])
    return dict(draw_all(study, options, only))


def all_figures(study: Study, **choices: Unpack[FigureChoices]) -> dict[str, NotebookFigure]:
    """Every figure that the runs support, by name."""
    return {
        name: NotebookFigure(name=name, figure=figure)
        for name, figure in draw(study, **choices).items()
        if isinstance(figure, Figure)
    }


def one_figure(study: Study, name: str, **choices: Unpack[FigureChoices]) -> NotebookFigure:
    """The figure of this name, or of this kind if there is one of it.

    Raises ValueError if it is not known, the runs do not support it, or there are several.
    """
    kinds = [kind for kind in CATALOGUE if name == kind or name.startswith(f"{kind}-")]
    drawn = draw(study, max(kinds, key=len, default=name), **choices)
    if name not in drawn and len(drawn) == 1:
        (name,) = drawn
    if name not in drawn:
        raise ValueError(f"no figure is named {name}; of this kind: {', '.join(drawn)}")
    found = drawn[name]
    if isinstance(found, str):
        raise ValueError(f"{name}: {found}")
    return NotebookFigure(name=name, figure=found)
