"""Axes of figures: units, names, and the choice of a linear or logarithmic scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from analysis.reading.arms import value_text
from analysis.tables.text import time_unit

from .time_axis import time_ticks

LOG_FROM = 20.0
"""An axis is logarithmic if its largest value is at least this many times its smallest."""

_SUFFIXES = {
    "_mbytes_per_s": "MB/s",
    "_mbit_per_s": "Mbit/s",
    "_mbytes": "MB",
    "_s": "s",
    "_j": "J",
    "_w": "W",
    "_bits": "bits",
}


def scaling(unit: str, values: Sequence[float]) -> tuple[float, str]:
    """Return the divisor of values for their axis, and the unit that ends its label.

    Shares become percent, seconds become minutes, hours or days. Seconds on a logarithmic axis keep
    their values, since its ticks have units.

    >>> scaling("%", [0.5]), scaling("s", [7200.0]), scaling("s", [1.0, 9999.0]), scaling("MB", [3])
    ((0.01, ', %'), (3600.0, ', h'), (1.0, ''), (1.0, ', MB'))
    """
    if unit == "%":
        return 0.01, ", %"
    if unit != "s":
        return 1.0, f", {unit}"
    if is_wide(values):
        return 1.0, ""
    unit_s, name = time_unit(max(values))
    return unit_s, f", {name}"


def axis_name(name: str, paths: Sequence[str] = ()) -> str:
    """Return a label for an axis of a study: its last key, with the unit of its keys.

    >>> axis_name("fleet.network.down_mbytes_per_s"), axis_name("rounds.participants")
    ('down, MB/s', 'participants')
    >>> axis_name("bandwidth", ["fleet.network.up_mbytes_per_s"])
    'bandwidth, MB/s'
    """
    word, unit = _word_and_unit(name, paths)
    return f"{word}, {unit}" if unit else word


def place_name(name: str, paths: Sequence[str], value: Any) -> str:
    """Return a label for one value of an axis of a study.

    >>> place_name("latency", ["fleet.network.latency_s"], 1.0), place_name("deadline_s", (), None)
    ('latency 1.0 s', 'deadline none')
    """
    word, unit = _word_and_unit(name, paths)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{word} {coordinate(value)}" + (f" {unit}" if unit and is_number else "")


def coordinate(value: Any) -> str:
    """Return a value of an axis of a study as text, without a value "none"."""
    return "none" if value is None else value_text(value)


def _word_and_unit(name: str, paths: Sequence[str]) -> tuple[str, str]:
    """The last key of an axis, without its unit, and the unit of its keys, or ""."""
    last = name.rsplit(".", 1)[-1]
    for suffix, unit in _SUFFIXES.items():
        if last.endswith(suffix):
            return last.removesuffix(suffix).replace("_", " "), unit
        if paths and all(path.endswith(suffix) for path in paths):
            return last.replace("_", " "), unit
    return last.replace("_", " "), ""


def plain_number(text: str) -> str:
    """Return a number as a tick shows it: at most three digits below 1,000.

    >>> [plain_number(text) for text in ("0.316228", "1.0", "15", "12345.6")]
    ['0.316', '1', '15', '12,346']
    """
    value = float(text)
    if "." not in text:
        return text
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def is_wide(values: Sequence[float]) -> bool:
    """Return whether the axis of these values should be logarithmic."""
    return min(values, default=0.0) > 0 and max(values) >= LOG_FROM * min(values)


def fit_y(axes: Axes, values: Sequence[float], unit: str = "") -> None:
    """Set a y axis from 0, or a logarithmic one for a wide range; seconds get named ticks."""
    if not is_wide(values):
        axes.set_ylim(0.0, 1.12 * max(values, default=1.0) or 1.0)
        return
    axes.set_yscale("log")
    axes.set_ylim(min(values) / 1.4, max(values) * 1.4)
    if unit == "s":
        ticks = time_ticks(*axes.get_ylim())
        value_ticks(axes.yaxis, list(ticks), list(ticks.values()))
    else:
        plain_log(axes.yaxis, max(values) / min(values))


def plain_log(axis: Axis, ratio: float) -> None:
    """Set plain numbers as ticks of a logarithmic axis: 1, 2, 5 per decade; for a wide range 1."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if ratio < 300 else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def apart(shares: Sequence[float], rooms: Sequence[float]) -> list[int]:
    """Return which of the named ticks to show, so that no two names touch.

    shares: their places on the axis (0-1), ascending. rooms: the widths of their names, as shares
    of the axis. The first and the last come first, then those between from left to right.

    >>> apart([0.0, 0.05, 0.5, 1.0], [0.2, 0.2, 0.2, 0.2])
    [0, 2, 3]
    """
    chosen: list[int] = []
    for i in dict.fromkeys((0, len(shares) - 1, *range(len(shares)))):
        if all(abs(shares[i] - shares[j]) >= (rooms[i] + rooms[j]) / 2 for j in chosen):
            chosen.append(i)
    return sorted(chosen)


def value_ticks(axis: Axis, positions: Sequence[float], names: Sequence[str]) -> None:
    """Set one named tick per position."""
    axis.set_ticks(list(positions), list(names), parse_math=False)
    axis.set_minor_locator(NullLocator())
