"""What figures say of numbers: units that read well, names of axes, logarithmic or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, LogLocator, NullLocator

from .style import time_ticks

LOG_FROM = 20.0
"""Ratio of the largest to the smallest value from which an axis is logarithmic."""

_TIME_UNITS = ((172_800.0, 86_400.0, "d"), (7_200.0, 3_600.0, "h"), (120.0, 60.0, "min"))
_SUFFIXES = {
    "_mbytes_per_s": "MB/s",
    "_mbit_per_s": "Mbit/s",
    "_mbytes": "MB",
    "_s": "s",
    "_j": "J",
    "_w": "W",
    "_bits": "bits",
}


def time_unit(longest_s: float) -> tuple[float, str]:
    """Seconds in the unit in which a duration reads best, and its name.

    >>> time_unit(90), time_unit(600), time_unit(1e6)
    ((1.0, 's'), (60.0, 'min'), (86400.0, 'd'))
    """
    return next(
        ((unit_s, name) for from_s, unit_s, name in _TIME_UNITS if longest_s >= from_s), (1.0, "s")
    )


def scaling(unit: str, values: Sequence[float]) -> tuple[float, str]:
    """What to divide values by for their axis, and the words that its label ends with: shares
    become percent, seconds minutes or hours, unless they span so much that ticks name units.

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
    """An axis of a study as a label: its last part, with the unit of the keys that it sets.

    >>> axis_name("fleet.network.down_mbytes_per_s"), axis_name("rounds.participants")
    ('down, MB/s', 'participants')
    >>> axis_name("bandwidth", ["fleet.network.up_mbytes_per_s"])
    'bandwidth, MB/s'
    """
    last = name.rsplit(".", 1)[-1]
    for suffix, unit in _SUFFIXES.items():
        if last.endswith(suffix):
            return f"{last.removesuffix(suffix).replace('_', ' ')}, {unit}"
        if paths and all(path.endswith(suffix) for path in paths):
            return f"{last.replace('_', ' ')}, {unit}"
    return last.replace("_", " ")


def value_text(value: Any) -> str:
    """A coordinate as a study names it."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def is_wide(values: Sequence[float]) -> bool:
    """Whether positive values span so much that their axis should be logarithmic."""
    return min(values, default=0.0) > 0 and max(values) >= LOG_FROM * min(values)


def fit_y(axes: Axes, values: Sequence[float], unit: str = "") -> None:
    """A logarithmic y axis for a wide span (of seconds: with ticks in seconds, minutes, hours),
    else one that begins at 0."""
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
    """Ticks of a logarithmic axis as plain numbers: 1, 2 and 5 of each decade, or 1 alone."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if ratio < 300 else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def value_ticks(axis: Axis, positions: Sequence[float], names: Sequence[str]) -> None:
    """One tick a value, named."""
    axis.set_major_locator(FixedLocator(list(positions)))
    axis.set_major_formatter(FixedFormatter(list(names)))
    axis.set_minor_locator(NullLocator())
