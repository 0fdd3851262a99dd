"""How figures look and are written: colours, text sizes, time axes, end labels, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter

from sim.runlog import write_atomically

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Told apart by colour-blind readers (Okabe and Ito; Wong, Nature Methods 8, 441, 2011)."""

BASELINE = "#222222"
QUIET = "#767676"
"""Grey for what is not data; 4.5 : 1 against white, so that its text stays readable."""

DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1)))
"""Line styles that take over when the colours are used up."""

TEXT_POINTS = 12
"""On figures 7.2 inches wide: still 6 points when a paper prints them at half that width."""

CURVE_NOTE = "accuracy from a learning curve, not from training"

STYLE: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so every machine draws the same
    "font.size": TEXT_POINTS,
    "axes.labelsize": TEXT_POINTS,
    "axes.titlesize": TEXT_POINTS,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.edgecolor": QUIET,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": BASELINE,
    "ytick.labelcolor": BASELINE,
    "text.color": BASELINE,
    "axes.labelcolor": BASELINE,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}

_FILES: Any = {"svg.hashsalt": "fedadapter", "svg.fonttype": "path", "pdf.fonttype": 42}

_COARSE_S: dict[float, str] = {
    0.001: "1 ms",
    0.01: "10 ms",
    0.1: "100 ms",
    1: "1 s",
    10: "10 s",
    60: "1 min",
    600: "10 min",
    3600: "1 h",
    36000: "10 h",
    345600: "4 d",
    3456000: "40 d",
}
_FINE_S: dict[float, str] = {
    n * unit_s: f"{n} {unit}"
    for unit_s, unit, counts in (
        (1, "s", (1, 2, 5, 10, 20, 30)),
        (60, "min", (1, 2, 5, 10, 20, 30)),
        (3600, "h", (1, 2, 5, 12)),
        (86400, "d", (1, 2, 4)),
    )
    for n in counts
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndLabel:
    """A name in the right margin for a line that ends at (x, y), or for a level if x is None."""

    text: str
    x: float | None
    y: float
    colour: str


def time_axis(axes: Axes, start_s: float, end_s: float, *, most_names: int = 7) -> None:
    """A logarithmic axis of simulated seconds with ticks at round seconds, minutes and hours.

    The axis spans a factor of four at least, so that some ticks are inside. most_names: as of
    `time_ticks`.
    """
    end_s = max(end_s, 4 * start_s)
    axes.set_xscale("log")
    axes.set_xlim(start_s, end_s)
    ticks = time_ticks(start_s, end_s, most_names=most_names)
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_major_formatter(FixedFormatter(list(ticks.values())))
    axes.xaxis.set_minor_locator(FixedLocator([t for t in _FINE_S if t not in ticks]))
    axes.xaxis.set_minor_formatter(NullFormatter())


def time_ticks(start_s: float, end_s: float, *, most_names: int = 7) -> dict[float, str]:
    """Instants inside the span and their names, coarse ones first, none nearer to another than
    a share of the logarithmic axis that leaves room for so many names.

    >>> time_ticks(8, 4000)
    {10: '10 s', 60: '1 min', 600: '10 min', 3600: '1 h'}
    """
    nearest = (end_s / start_s) ** (1 / most_names)
    chosen: dict[float, str] = {}
    for instant, name in (*_COARSE_S.items(), *_FINE_S.items()):
        is_free = all(max(instant / t, t / instant) >= nearest for t in chosen)
        if start_s <= instant <= end_s and is_free:
            chosen[instant] = name
    return dict(sorted(chosen.items()))


def end_labels(axes: Axes, labels: Sequence[EndLabel]) -> None:
    """Write the labels in the right margin without overlaps, joined to the ends of their lines.

    Call it once the limits are set and the figure has been laid out. A dotted level leads from
    each line's end to the margin.
    """
    right = axes.get_xlim()[1]
    height_points = axes.get_window_extent().height * 72 / axes.figure.dpi
    to_share = axes.transData + axes.transAxes.inverted()
    levels = [float(to_share.transform((right, label.y))[1]) for label in labels]
    places = spread(levels, 1.3 * TEXT_POINTS / height_points)
    margin: Any = {"transform": axes.transAxes, "clip_on": False}
    word: Any = {"va": "center", "parse_math": False, **margin}  # a name may hold dollar signs
    for label, level, place in zip(labels, levels, places, strict=True):
        line: Any = {"color": label.colour, "lw": 0.9, "alpha": 0.7}
        if label.x is not None:
            axes.plot([label.x, right], [label.y, label.y], ":", **line)
        axes.plot([1.0, 1.03], [level, place], **line, **margin)
        axes.text(1.04, place, label.text, color=ink(label.colour), **word)


def ink(colour: str) -> tuple[float, ...]:
    """The colour a fifth darker, so that thin letters stand out from white."""
    return tuple(0.8 * part for part in to_rgb(colour))


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """The positions nearest to the wanted ones (least squares) that keep their order and at least
    `gap` between neighbours, shifted into 0-1 where they fit.

    >>> [round(y, 3) for y in spread([0.5, 0.52, 0.9], 0.1)]
    [0.46, 0.56, 0.9]
    """
    order = np.argsort(wanted, kind="stable")
    offsets = gap * np.arange(len(order))
    blocks: list[list[float]] = []  # neighbours that touch share one mean: isotonic regression
    for value in np.asarray(wanted, dtype=float)[order] - offsets:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    level = np.array([np.mean(block) for block in blocks for _ in block])
    placed = np.clip(level, 0.0, max(0.0, 1.0 - gap * (len(order) - 1))) + offsets
    result = np.empty(len(order))
    result[order] = placed
    return [float(position) for position in result]


Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf")
_UNDATED: dict[Format, Any] = {
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


def note_once(figure: Figure, text: str) -> None:
    """Small print in the lower right corner, unless the figure says it somewhere already."""
    if not any(text in found.get_text() for found in figure.findobj(Text)):
        figure.text(0.997, 0.003, text, ha="right", va="bottom", size=6.5, color=QUIET)


def save_figure(
    figure: Figure, base_path: Path, formats: Sequence[Format] = ("png", "svg")
) -> list[Path]:
    """Write base_path + "." + each format, each whole or not at all."""
    base_path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for format in formats:
        path = base_path.with_name(f"{base_path.name}.{format}")
        write_atomically(path, rendered(figure, format))
        written.append(path)
    return written


def rendered(figure: Figure, format: Format) -> bytes:
    """The figure as a file (PNG at 200 dpi). The same figure gives the same bytes: no dates, fixed
    identifiers."""
    content = BytesIO()
    with mpl.rc_context(_FILES):
        figure.savefig(content, format=format, dpi=200, metadata=_UNDATED[format])
    return content.getvalue()
