"""Formats numbers as short text: percentages, durations in a suitable unit; shortens names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analysis.statistics.estimates import FEWEST

_UNITS = ((172_800.0, 86_400.0, "d"), (7_200.0, 3_600.0, "h"), (120.0, 60.0, "min"))
"""Seconds from which a unit is used, its length in seconds, its name."""


def time_unit(longest_s: float) -> tuple[float, str]:
    """Return the unit for durations up to `longest_s`: its length in seconds and its name.

    >>> time_unit(90), time_unit(600), time_unit(1e6)
    ((1.0, 's'), (60.0, 'min'), (86400.0, 'd'))
    """
    return next(
        ((unit_s, name) for from_s, unit_s, name in _UNITS if longest_s >= from_s), (1.0, "s")
    )


def common_unit(shortest_s: float, longest_s: float) -> tuple[float, str]:
    """Return the unit for several durations: that of the longest, or a shorter one.

    The shortest of them is at least one of it, where there is such a unit.

    >>> common_unit(90, 36_000), common_unit(3600, 36_000), common_unit(0.1, 90)
    ((60.0, 'min'), (3600.0, 'h'), (1.0, 's'))
    """
    units = ((unit_s, name) for from_s, unit_s, name in _UNITS if longest_s >= from_s)
    return next((unit for unit in units if shortest_s >= unit[0]), (1.0, "s"))


def duration(seconds: float) -> str:
    """Format a duration with three digits and its unit.

    >>> duration(93), duration(744), duration(432_000)
    ('93 s', '12.4 min', '5 d')
    """
    unit_s, unit = time_unit(seconds)
    return f"{digits(seconds / unit_s)} {unit}"


def percent(fraction: float) -> str:
    """Format a fraction as a percentage with up to four digits.

    >>> percent(0.5), percent(0.61234)
    ('50 %', '61.23 %')
    """
    return f"{100 * fraction:.4g} %"


def rounded_percent(fraction: float) -> str:
    """Format a fraction as a percentage with one decimal.

    >>> rounded_percent(0.5)
    '50.0 %'
    """
    return f"{100 * fraction:.1f} %"


def bounds_text(n_seeds: int) -> str:
    """Say what the bounds of a mean over this many seeds are.

    >>> bounds_text(4), bounds_text(5)
    ('range', '95 % interval')
    """
    return "range" if n_seeds < FEWEST else "95 % interval"


def digits(value: float) -> str:
    """Format a number with three digits, or with all digits of a larger integer part.

    >>> digits(0.12345), digits(12345.6)
    ('0.123', '12346')
    """
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def shortened(names: Sequence[str], most: int) -> dict[str, str]:
    """Return names of at most `most` letters, cut in their middle.

    Names that would become the same keep as many letters as tell them apart.

    >>> list(shortened(["fixed, lr=0.01", "fixed, lr=0.02", "full"], 8).values())
    ['fix…0.01', 'fix…0.02', 'full']
    """
    short = {name: _cut(name, most) for name in names}
    counts = Counter(short.values())
    longest = max(map(len, short), default=0)
    while most < longest and any(n > 1 for n in counts.values()):
        most += 1
        short |= {name: _cut(name, most) for name, text in short.items() if counts[text] > 1}
        counts = Counter(short.values())
    return short


def _cut(name: str, most: int) -> str:
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head]}…{name[len(name) - (most - 1 - head) :]}"
