"""Figure: the partition of the data, as examples per class and client."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.tables.text import shortened
from sim.runlog import PARTITION

from .drawing.look import LOOK, Look
from .drawing.style import BASELINE, COLOURS

_WIDTH_IN = 7.2
_ROW_IN = 0.17
_MOST_NAMED = 60  # more class names do not fit on a page
_LONGEST_NAME = 26


def study_partitions(study: Study, look: Look = LOOK) -> list[Figure]:
    """Return one figure per distinct partition of the runs; runs without data have none.

    Raises ValueError for a damaged partition file.
    """
    contents: dict[bytes, Run] = {}
    for run in study.runs:
        path = run.path / PARTITION
        if path.exists():
            contents.setdefault(path.read_bytes(), run)
    return [_figure(content, run, look) for content, run in contents.items()]


def _figure(content: bytes, run: Run, look: Look) -> Figure:
    try:
        held = json.loads(content)
        classes, counts = list(held["classes"]), np.array(held["counts"], np.int64)
        if counts.shape[1:] != (len(classes),):
            raise ValueError("each client must have a number per class")
    except (ValueError, KeyError, TypeError) as error:
        path = run.path / PARTITION
        raise ValueError(f"{path}: must have classes and counts: {error}") from None
    return partition(classes, counts, f"seed {run.seed}", look)


def partition(classes: Sequence[str], counts: ArrayLike, title: str, look: Look = LOOK) -> Figure:
    """Draw counts (clients, classes): one column per client, one row per class by frequency.

    Above it, the number of examples per client. The colour scale is the square root of the count.
    """
    counts = np.asarray(counts, np.int64)
    order = np.argsort(-counts.sum(axis=0), kind="stable")
    short = shortened(classes, _LONGEST_NAME)
    names = [short[classes[i]] for i in order]
    rows = min(len(names), _MOST_NAMED)
    with look.context():
        figure = look.figure(_WIDTH_IN, 2.4 + max(1.2, _ROW_IN * rows))
        ratios = (1.1, max(1.2, _ROW_IN * rows))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
        sizes = counts.sum(axis=1)
        _draw_sizes(above, sizes)
        _draw_counts(figure, below, counts[:, order].T, names, look)
        look.note(figure, f"{title} · {len(sizes):,} clients, {sizes.sum():,} examples")
    return figure


def _draw_sizes(axes: Axes, sizes: NDArray[np.int64]) -> None:
    axes.bar(np.arange(len(sizes)), sizes, width=1.0, color=COLOURS[0], lw=0)
    axes.set_ylabel("examples")
    axes.margins(x=0)


def _draw_counts(
    figure: Figure, axes: Axes, counts: NDArray[np.int64], names: list[str], look: Look
) -> None:
    most = int(counts.max())
    least = int(counts[counts > 0].min(initial=most))
    image = axes.imshow(
        np.ma.masked_equal(counts, 0),
        aspect="auto",
        interpolation="nearest",
        cmap="viridis_r",
        norm=PowerNorm(0.5, vmin=min(least, most - 1), vmax=most),
    )
    axes.grid(visible=False)
    axes.set_xlabel("client")
    if len(names) <= _MOST_NAMED:
        points = look.points(0 if len(names) <= 12 else 4)
        axes.set_yticks(range(len(names)), names, fontsize=points, parse_math=False)
        axes.tick_params(axis="y", length=0)
    else:
        axes.set_ylabel("class, commonest first")
    bar = figure.colorbar(image, ax=axes, location="right", fraction=0.04, pad=0.015)
    bar.outline.set_visible(False)
    bar.set_label("examples (white: none)", color=BASELINE)
    ticks = {least, most, *(tick for tick in (round(most / 9), round(most / 2.25)) if tick > least)}
    bar.set_ticks(sorted(ticks - {0}))
