"""Labels at the ends of lines, placed without overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from .look import Look
from .scales import value_ticks

_SLANTED_IN = 2.0  # the longest name below an axis

ROOM = 0.3
"""The longest label, as a share of the width of the figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLabel:
    """A label in the right margin: of a line that ends at (x, y), or of a level y if x is None."""

    text: str
    x: float | None
    y: float
    colour: str


def end_labels(axes: Axes, labels: Sequence[EndLabel], look: Look) -> None:
    """Write labels in the right margin without overlap, each joined to its line by a dotted line.

    Long names are cut in their middle. Call it after the axis limits are set and the figure is laid
    out.
    """
    right = axes.get_xlim()[1]
    height_points = axes.get_window_extent().height * 72 / axes.figure.dpi
    to_share = axes.transData + axes.transAxes.inverted()
    levels = [float(to_share.transform((right, label.y))[1]) for label in labels]
    places = spread(levels, 1.3 * look.text_points / height_points)
    margin: Any = {"transform": axes.transAxes, "clip_on": False}
    room_in = ROOM * axes.figure.bbox.width / axes.figure.dpi
    names = _names(axes, [label.text for label in labels], room_in, look)
    word: Any = {"va": "center", "parse_math": False, **margin}  # a name may hold dollar signs
    for label, level, place in zip(labels, levels, places, strict=True):
        line: Any = {"color": label.colour, "lw": look.mark(0.9), "alpha": 0.7}
        if label.x is not None:
            axes.plot([label.x, right], [label.y, label.y], ":", **line)
        axes.plot([1.0, 1.03], [level, place], **line, **margin)
        axes.text(1.04, place, names[label.text], color=ink(label.colour), **word)


def _names(axes: Axes, texts: Sequence[str], room_in: float, look: Look) -> dict[str, str]:
    """Names as they are, but cut those that are longer than the room."""
    shown = dict(zip(texts, texts, strict=True))
    for text in (text for text in texts if len(text) > look.letters(room_in)):
        probe = axes.text(0.0, 0.0, text, parse_math=False)
        width_in = probe.get_window_extent().width / axes.figure.dpi
        probe.remove()
        if width_in > room_in:
            shown[text] = ""
    cut = look.short([text for text, name in shown.items() if not name], room_in)
    return shown | cut


def name_ticks(
    axes: Axes, positions: Sequence[float], names: Sequence[str], room_in: float, look: Look
) -> None:
    """Set names below an x axis `room_in` inches wide: side by side if they fit, else slanted."""
    room = look.letters(room_in / len(names)) - 1
    lines = ["\n".join(wrap(name, max(room, 1), break_long_words=False)) for name in names]
    fits = all(len(part) <= room for line in lines for part in line.split("\n"))
    short = look.short(names, _SLANTED_IN)
    value_ticks(axes.xaxis, positions, lines if fits else [short[name] for name in names])
    if not fits:
        for label in axes.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def ink(colour: str) -> tuple[float, ...]:
    """Return the colour 20 % darker, for readable text on white."""
    return tuple(0.8 * part for part in to_rgb(colour))


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Return positions closest to the wanted ones (least squares) that are at least `gap` apart.

    The order is kept; positions are moved into 0-1 if they fit.

    >>> [round(y, 3) for y in spread([0.5, 0.52, 0.9], 0.1)]
    [0.46, 0.56, 0.9]
    """
    order = np.argsort(wanted, kind="stable")
    offsets = gap * np.arange(len(order))
    blocks: list[list[float]] = []  # isotonic regression: blocks that touch share one mean
    for value in np.asarray(wanted, dtype=float)[order] - offsets:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    level = np.array([np.mean(block) for block in blocks for _ in block])
    placed = np.clip(level, 0.0, max(0.0, 1.0 - gap * (len(order) - 1))) + offsets
    result = np.empty(len(order))
    result[order] = placed
    return [float(position) for position in result]
