"""Figures with one panel per arm on shared axes."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .look import Look

MOST_PANELS = 9
_COLUMNS = 3
_PANEL_IN = (3.4, 3.0)
_LEAST_IN = 7.2
_BESIDE_IN = 0.9  # of a panel's width, for the names of its y axis


def panels(
    names: Sequence[str], x_label: str, look: Look, *, share_x: bool = True
) -> tuple[Figure, list[Axes]]:
    """Return a figure with one panel per name, in rows of up to three.

    share_x: whether all panels have one x axis. Raises ValueError for more than MOST_PANELS names.
    """
    check_arms(len(names), MOST_PANELS)
    columns = 2 if len(names) == 4 else min(len(names), _COLUMNS)
    rows = -(-len(names) // columns)
    width_in = max(_LEAST_IN, columns * _PANEL_IN[0])
    figure = look.figure(width_in, rows * _PANEL_IN[1] + 0.8, pad_in=0.1)
    grid = figure.subplots(rows, columns, sharex=share_x, sharey=True, squeeze=False).ravel()
    titles = look.short(names, figure.get_figwidth() / columns - _BESIDE_IN)
    for axes, name in zip(grid, names, strict=False):
        axes.set_title(titles[name], parse_math=False)
    for axes in grid[len(names) :]:
        axes.set_visible(False)
    for axes in grid[max(0, len(names) - columns) : len(names)]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel(x_label)
    return figure, list(grid[: len(names)])


def panel_width_in(figure: Figure, panel: Axes) -> float:
    """Return about how wide a panel is in inches, before the figure is laid out."""
    place = panel.get_subplotspec()
    columns = 1 if place is None else place.get_gridspec().ncols
    return float(figure.get_figwidth()) / columns - _BESIDE_IN


def check_arms(n_arms: int, most: int) -> None:
    """Raise ValueError for more arms than a figure has room for."""
    if n_arms > most:
        raise ValueError(f"shows at most {most} arms, got {n_arms}; choose some with --arms")
