"""Figures with one panel per arm on shared axes."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .look import Look

MOST_PANELS = 9
_COLUMNS = 3
_PANEL_IN = (3.4, 3.0)
_LEAST_IN = 7.2
_BESIDE_IN = 0.9  # of a panel's width, for the names of its y axis
_GAP_IN = 0.25  # between panels
_LETTERS = (13, 24)  # below and above a panel: those that it needs, and the most of its name
_BESIDE = (6, 24)  # the least and the most letters beside the first panel, without its label
_STEEPEST = 1.5  # of a panel's height to its width


def panels(
    names: Sequence[str],
    x_label: str,
    look: Look,
    *,
    beside: Sequence[str] = (),
    share_x: bool = True,
) -> tuple[Figure, list[Axes]]:
    """Return a figure with one panel per name, in rows of up to three, fewer in a narrow figure.

    beside: the names on the y axis. share_x: whether all panels have one x axis. Raises ValueError
    for more than MOST_PANELS names.
    """
    check_arms(len(names), MOST_PANELS)
    usual = 2 if len(names) == 4 else min(len(names), _COLUMNS)
    width_in = look.width_in or max(_LEAST_IN, usual * _PANEL_IN[0])
    fitting = (n for n in range(usual, 1, -1) if _fit(n, width_in, names, beside, look))
    columns = next(fitting, 1)
    pitch_in = _pitch_in(columns, width_in, beside, look)
    rows = -(-len(names) // columns)
    most_in = _PANEL_IN[1] if columns == usual else look.mark(_PANEL_IN[1])
    height_in = rows * min(most_in, _STEEPEST * pitch_in) + 0.8
    figure = look.figure(width_in, height_in, pad_in=0.1)
    grid = figure.subplots(rows, columns, sharex=share_x, sharey=True, squeeze=False).ravel()
    titles = look.short(names, pitch_in - _GAP_IN)
    for axes, name in zip(grid, names, strict=False):
        axes.set_title(titles[name], parse_math=False)
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    for axes in grid[max(0, len(names) - columns) : len(names)]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(fill(x_label, look.letters(width_in / columns - _GAP_IN)))
    return figure, list(grid[: len(names)])


def _fit(
    columns: int, width_in: float, names: Sequence[str], beside: Sequence[str], look: Look
) -> bool:
    """Whether so many panels side by side have room for their names and ticks."""
    least, most = _LETTERS
    needed = min(most, max(least, *map(len, names)))
    return look.letters(_pitch_in(columns, width_in, beside, look) - _GAP_IN) >= needed


def _pitch_in(columns: int, width_in: float, beside: Sequence[str], look: Look) -> float:
    """About the distance in inches from a panel to the next."""
    least, most = _BESIDE
    letters = min(most, max([least, *map(len, beside)])) + 2
    return (width_in - letters * look.letter_in) / columns


def legend_below(
    figure: Figure, handles: Sequence[Artist], labels: Sequence[str], *, most: int
) -> None:
    """Write a legend below the panels in as many columns as fit, at most `most`."""
    for columns in range(most, 0, -1):
        place: Any = {"loc": "outside lower center", "ncols": columns, "frameon": False}
        legend = figure.legend(handles, labels, **place)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


def panel_width_in(figure: Figure, panel: Axes) -> float:
    """Return about how wide a panel is in inches, before the figure is laid out."""
    place = panel.get_subplotspec()
    columns = 1 if place is None else place.get_gridspec().ncols
    return float(figure.get_figwidth()) / columns - _BESIDE_IN


def check_arms(n_arms: int, most: int) -> None:
    """Raise ValueError for more arms than a figure has room for."""
    if n_arms > most:
        raise ValueError(f"shows at most {most} arms, got {n_arms}; choose some with --arms")
