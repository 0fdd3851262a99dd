"""The style of all figures: colours, dashes, text sizes, matplotlib settings."""

from __future__ import annotations

from typing import Any

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Distinguishable for colour-blind readers (Okabe and Ito; Wong, Nature Methods 8, 441, 2011)."""

BASELINE = "#222222"
QUIET = "#767676"
"""Grey for notes and axes; contrast 4.5 : 1 against white, enough for text."""

DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1)))
"""Line styles, used in turn once all colours are used."""

TEXT_POINTS = 12
"""Text size for a figure 7.2 inches wide; 6 points when a paper prints it at half that width."""

CURVE_NOTE = "accuracy from a learning curve, not from training"

SIZES = {
    "axes.linewidth": 0.8,
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    **dict.fromkeys(("xtick.major.size", "ytick.major.size"), 3.5),
    **dict.fromkeys(("xtick.major.width", "ytick.major.width"), 0.8),
    **dict.fromkeys(("xtick.minor.size", "ytick.minor.size"), 2.0),
    **dict.fromkeys(("xtick.minor.width", "ytick.minor.width"), 0.6),
}
"""Points of lines and ticks, for labels of the usual size."""

STYLE: Any = {
    **SIZES,
    "font.family": "DejaVu Sans",  # part of matplotlib, so figures are the same on every machine
    "font.size": TEXT_POINTS,
    "text.parse_math": False,  # names of arms are text, "$5" too
    "axes.labelsize": TEXT_POINTS,
    "axes.titlesize": TEXT_POINTS,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": BASELINE,
    "ytick.labelcolor": BASELINE,
    "text.color": BASELINE,
    "axes.labelcolor": BASELINE,
    "lines.solid_capstyle": "round",
}
