"""Axes of simulated time: logarithmic, with ticks at round seconds, minutes, hours and days."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter

_DECADES = tuple(n * 10**k for k in range(3) for n in (1, 2, 5))  # 1, 2, 5, 10 ... 500
_COARSE_S: dict[float, str] = {
    1e-6: "1 µs",
    1e-3: "1 ms",
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
    34560000: "400 d",
}


_FINE_S: dict[float, str] = {
    n * unit_s: f"{n} {unit}"
    for unit_s, unit, counts in (
        (1e-6, "µs", _DECADES),
        (1e-3, "ms", _DECADES),
        (1, "s", (1, 2, 5, 10, 20, 30)),
        (60, "min", (1, 2, 5, 10, 20, 30)),
        (3600, "h", (1, 2, 5, 12)),
        (86400, "d", (*_DECADES, 4, 1000, 2000, 5000, 10000)),
    )
    for n in counts
}


def time_axis(axes: Axes, start_s: float, end_s: float, *, most_names: int = 7) -> None:
    """Set a logarithmic x axis of simulated seconds with ticks at round times.

    The axis spans at least a factor of four, so that it has ticks. most_names: see `time_ticks`.
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
    """Return round times within the span and their names, at most about `most_names`.

    Coarse times are preferred; two ticks are at least 1 / most_names of the logarithmic axis apart.

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
