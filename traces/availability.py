"""Availability of a device over time: on and off, with a period and an end rule."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from .step import EndRule, TraceEnded

_TICK_S = 1e-6
"""An instant less than this before a change counts as after it. A process that waits for
next_change and asks again then sees the new state, although large clocks are rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Availability that changes at `changes_s`, beginning as `first` at `start_s`.

    changes_s: seconds after start_s, increasing, within (0, period_s).
    """

    changes_s: tuple[float, ...]
    first: bool
    period_s: float
    end_rule: EndRule = "loop"
    start_s: float = 0.0
    share: float = field(init=False)
    """Share of one period available, 0 to 1."""

    def __post_init__(self) -> None:
        if not 0.0 < self.period_s < math.inf:
            raise ValueError(f"period_s must be positive and finite, got {self.period_s}")
        edges_s = (0.0, *self.changes_s, self.period_s)
        spans_s = [after - before for before, after in pairwise(edges_s)]
        if not min(spans_s) > 0.0:
            raise ValueError("changes_s must increase within (0, period_s)")
        on_s = math.fsum(spans_s[0 if self.first else 1 :: 2])
        object.__setattr__(self, "share", on_s / self.period_s)

    def __repr__(self) -> str:
        return (
            f"Availability({len(self.changes_s)} changes, period_s={self.period_s:g}, "
            f"share={self.share:g}, end_rule={self.end_rule!r}, start_s={self.start_s:g})"
        )

    def available_at(self, t_s: float) -> bool:
        """Whether the device is available. Raises TraceEnded outside an "error" recording."""
        phase = self._phase(t_s)
        if self.end_rule == "error" and not -_TICK_S <= phase < self.period_s:
            raise TraceEnded(f"the recording does not cover {t_s:g} s")
        return self._state(self._passed(phase))

    def next_change(self, t_s: float) -> float:
        """The first instant after t_s at which the availability differs; inf if it never does.

        Raises TraceEnded if an "error" recording ends before it changes.
        """
        phase = self._phase(t_s)
        passed = self._passed(phase)
        if passed < len(self.changes_s):
            return t_s + (self.changes_s[passed] - phase)
        if self.end_rule == "error":
            raise TraceEnded(f"the recording ends before availability changes after {t_s:g} s")
        if self.end_rule == "hold" or not self.changes_s:
            return math.inf
        if self._state(passed) != self.first:
            return t_s + (self.period_s - phase)
        return t_s + (self.period_s - phase) + self.changes_s[0]

    def shift(self, offset_s: float) -> Availability:
        """The recording seen `offset_s` later."""
        return replace(self, start_s=self.start_s - offset_s)

    def _phase(self, t_s: float) -> float:
        x = t_s - self.start_s
        if self.end_rule != "loop":
            return x
        phase = x % self.period_s
        return phase if phase + _TICK_S < self.period_s else phase - self.period_s

    def _passed(self, phase: float) -> int:
        return bisect_right(self.changes_s, phase + _TICK_S)

    def _state(self, passed: int) -> bool:
        return self.first ^ bool(passed % 2)


def always() -> Availability:
    """A device that is always available."""
    return Availability(changes_s=(), first=True, period_s=1.0)


def from_windows(
    windows_s: Iterable[tuple[float, float]], period_s: float, end_rule: EndRule = "loop"
) -> Availability:
    """Available in the half-open windows [on, off), which may touch, overlap or be empty.

    Windows are cut to [0, period_s]. Raises ValueError where one ends before it begins.
    """
    merged: list[list[float]] = []
    for on_s, off_s in sorted(windows_s):
        if off_s < on_s:
            raise ValueError(f"a window must not end before it begins, got {on_s:g} to {off_s:g} s")
        on_s, off_s = max(on_s, 0.0), min(off_s, period_s)
        if off_s <= on_s:
            continue
        if merged and on_s <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], off_s)
        else:
            merged.append([on_s, off_s])
    edges_s = [edge_s for window_s in merged for edge_s in window_s]
    inner_s = tuple(edge_s for edge_s in edges_s if 0.0 < edge_s < period_s)
    first = bool(merged) and merged[0][0] == 0.0
    return Availability(changes_s=inner_s, first=first, period_s=period_s, end_rule=end_rule)


def diurnal(
    rng: np.random.Generator,
    *,
    days: int = 7,
    centre_h: float = 2.0,
    mean_h: float = 7.0,
    spread_h: float = 1.5,
    p_day: float = 0.9,
) -> Availability:
    """A phone that charges at night: one window a day, looping after `days`.

    centre_h: hour of the day at its middle (0 to 24). mean_h, spread_h: mean and standard
    deviation of its length and, for the spread, also of its middle. p_day: probability that a
    day has a window at all. An illustration, not fitted to a recording.
    """
    period_s = days * 86_400.0
    has_window = rng.random(days) < p_day
    middles_h = centre_h + 24.0 * np.arange(days) + spread_h * rng.standard_normal(days)
    half_h = np.clip(mean_h + spread_h * rng.standard_normal(days), 0.0, 24.0) / 2.0
    windows_s: list[tuple[float, float]] = []
    columns = (middles_h.tolist(), half_h.tolist(), has_window.tolist())  # plain floats: faster
    for middle_h, half, has in zip(*columns, strict=True):
        if has:
            on_s, off_s = (middle_h - half) * 3600.0, (middle_h + half) * 3600.0
            windows_s += [(on_s + k * period_s, off_s + k * period_s) for k in (-1, 0, 1)]
    return from_windows(windows_s, period_s)
