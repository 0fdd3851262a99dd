"""Figure: trace files side by side, over time and as distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.ticker import (
    LogLocator,
    MaxNLocator,
    NullFormatter,
    PercentFormatter,
    StrMethodFormatter,
)
from numpy.typing import NDArray

from traces.availability import Availability
from traces.describe import even_steps
from traces.recording import (
    AvailabilityRecording,
    BandwidthRecording,
    CapacityRecording,
    Recording,
)
from traces.step import StepTrace

from .drawing.labels import ink
from .drawing.style import BASELINE, COLOURS, QUIET, STYLE, TEXT_POINTS

MAX_FILES = 6
_COLUMN_IN, _LEAST_IN, _HEIGHT_IN = 3.6, 7.2, 6.0
_SMALL = TEXT_POINTS - 2
_ALIKE = 5.0
_MBIT_PER_S = 8e-6
_MAX_POINTS = 600  # per time axis; more cannot be distinguished
_MAX_DEVICES = 80  # rows of a raster
_NAME_LETTERS = 30
_UNITS_S = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def trace_files(recordings: Mapping[str, Recording]) -> Figure:
    """Draw one column per file: above over time, below the cumulative distribution.

    Bandwidth: means over equal steps of at least 1 s; files whose peaks are within a factor of 5
    share one scale. Availability: a raster of the first devices; the distribution of the share of
    time available. Capacities: training time against bandwidth; the distribution of the training
    time. Raises ValueError for no file or for more than MAX_FILES.
    """
    if not 1 <= len(recordings) <= MAX_FILES:
        raise ValueError(f"a figure shows 1 to {MAX_FILES} files, got {len(recordings)}")
    with mpl.rc_context(STYLE):
        size_in = (max(_COLUMN_IN * len(recordings), _LEAST_IN), _HEIGHT_IN)
        figure = Figure(figsize=size_in, layout="constrained")
        grid = figure.subplots(2, len(recordings), squeeze=False)
        for column, (name, recording) in enumerate(recordings.items()):
            _column(grid[0, column], grid[1, column], name, recording)
        is_rate = [isinstance(of, BandwidthRecording) for of in recordings.values()]
        _share_scales([column for column, yes in zip(grid.T, is_rate, strict=True) if yes])
    return figure


def _share_scales(columns: Sequence[NDArray[Any]]) -> None:
    """Give files with similar rates the same scale."""
    highs = [float(column[0].get_ylim()[1]) for column in columns]
    are_alike = bool(highs) and max(highs) <= _ALIKE * min(highs)
    for column, high in zip(columns, highs, strict=True):
        column[0].set_ylim(0.0, max(highs) if are_alike else high)
        column[1].set_xlim(0.0, max(highs) if are_alike else high)


def _column(above: Axes, below: Axes, name: str, recording: Recording) -> None:
    short = PurePath(name).name
    if len(short) > _NAME_LETTERS:
        short = short[: _NAME_LETTERS // 2] + "…" + short[-_NAME_LETTERS // 2 :]
    above.set_title(f"{short}\n{recording.format}", fontsize=_SMALL, color=QUIET, pad=8)
    if isinstance(recording, BandwidthRecording):
        _bandwidth(above, below, recording)
    elif isinstance(recording, AvailabilityRecording):
        _availability(above, below, recording)
    else:
        _capacity(above, below, recording)
    below.set_ylim(0.0, 1.0)
    below.yaxis.set_major_formatter(PercentFormatter(1.0))


def _bandwidth(above: Axes, below: Axes, recording: BandwidthRecording) -> None:
    traces = [(name, t) for name, t in (("down", recording.down), ("up", recording.up)) if t]
    unit_s, unit = _unit(max(trace.period_s for _, trace in traces))
    for (name, trace), colour in zip(traces, COLOURS, strict=False):
        steps = even_steps(trace, _MAX_POINTS)
        rates = steps.values * _MBIT_PER_S
        above.stairs(rates, steps.edges_s / unit_s, color=colour, lw=1.0, fill=False)
        above.stairs(rates, steps.edges_s / unit_s, color=colour, alpha=0.15, fill=True)
        label = f"{name}, mean {trace.mean * _MBIT_PER_S:.3g}"
        _cumulative(below, trace, colour, label)
    above.set_xlim(0.0, max(trace.period_s for _, trace in traces) / unit_s)
    above.set_ylim(0.0, above.get_ylim()[1])
    above.set_xlabel(f"time, {unit}")
    above.set_ylabel("Mbit/s")
    below.set_xlabel("Mbit/s over 1 s")
    below.set_ylabel("share of time at or below")
    _legend(below)


def _cumulative(axes: Axes, trace: StepTrace, colour: str, label: str) -> None:
    rates = np.sort(even_steps(trace).values) * _MBIT_PER_S
    axes.plot(*_shares(rates), color=colour, drawstyle="steps-post", label=label)


def _availability(above: Axes, below: Axes, recording: AvailabilityRecording) -> None:
    devices = list(recording.devices.values())
    shown = devices[:_MAX_DEVICES]
    end_s = max(device.period_s for device in shown)
    unit_s, unit = _unit(end_s)
    for row, device in enumerate(shown):
        bars = [(on_s / unit_s, length_s / unit_s) for on_s, length_s in _windows(device)]
        above.broken_barh(bars, (row, 0.9), facecolors=COLOURS[0], linewidth=0)
    above.set_xlim(0.0, end_s / unit_s)
    above.set_ylim(len(shown), 0.0)
    if len(shown) <= _MAX_DEVICES // 8:
        above.set_yticks(
            [row + 0.45 for row in range(len(shown))], [str(row) for row in range(len(shown))]
        )
    else:
        above.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    above.grid(visible=False)
    above.set_xlabel(f"time, {unit}")
    above.set_ylabel("device" if len(shown) == len(devices) else f"device ({len(devices)} in all)")
    shares = np.sort([device.share for device in devices])
    below.plot(*_shares(shares), color=COLOURS[0], drawstyle="steps-post", marker=".", ms=4)
    below.axvline(float(shares.mean()), color=BASELINE, ls="--", lw=1.0)
    right = float(shares.mean()) > 0.5
    below.annotate(
        f"mean {shares.mean():.0%}",
        (float(shares.mean()), 0.06),
        xytext=(-5 if right else 5, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        fontsize=_SMALL,
    )
    below.set_xlim(0.0, 1.0)
    below.xaxis.set_major_formatter(PercentFormatter(1.0))
    below.set_xlabel("share of time available")
    below.set_ylabel("share of devices at or below")


def _capacity(above: Axes, below: Axes, recording: CapacityRecording) -> None:
    seconds = np.array([device.train_s_per_sample for device in recording.devices])
    rates = np.array([device.bytes_per_s for device in recording.devices]) * _MBIT_PER_S
    above.plot(rates, seconds, ".", color=COLOURS[0], alpha=0.25, ms=3, mew=0, rasterized=True)
    above.set_xscale("log")
    above.set_yscale("log")
    _plain_numbers(above.xaxis)
    _plain_numbers(above.yaxis)
    above.set_xlabel("bandwidth, Mbit/s")
    above.set_ylabel("training, s a sample")
    label = f"{len(seconds)} devices, median {np.median(seconds):.2g} s"
    below.plot(*_shares(np.sort(seconds)), color=COLOURS[0], drawstyle="steps-post", label=label)
    below.set_xscale("log")
    _plain_numbers(below.xaxis)
    below.set_xlabel("training, s a sample")
    below.set_ylabel("share of devices at or below")
    _legend(below)


def _plain_numbers(axis: XAxis | YAxis) -> None:
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def _legend(axes: Axes) -> None:
    lines = axes.get_lines()
    place: Any = {
        "loc": "lower left",
        "bbox_to_anchor": (0.0, 1.0),
        "borderaxespad": 0.2,
    }
    colours = [ink(str(line.get_color())) for line in lines]
    axes.legend(frameon=False, fontsize=_SMALL, labelcolor=colours, borderpad=0.1, **place)


def _shares(ordered: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of a distribution function, from share 0 at the least value to 1 at the greatest."""
    values = np.concatenate((ordered[:1], ordered))
    return values, np.arange(len(values)) / len(ordered)


def _windows(device: Availability) -> list[tuple[float, float]]:
    """(start, length) in seconds of the available intervals of one period."""
    edges_s = (0.0, *device.changes_s, device.period_s)
    first = 0 if device.first else 1
    pairs = zip(edges_s[first::2], edges_s[first + 1 :: 2], strict=False)
    return [(on_s, off_s - on_s) for on_s, off_s in pairs]


def _unit(span_s: float) -> tuple[float, str]:
    """The largest unit of which the span has at least two; else seconds."""
    return next((unit for unit in _UNITS_S if span_s >= 2 * unit[0]), _UNITS_S[-1])
