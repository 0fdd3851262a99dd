"""A piecewise-constant function of time with its exact integral and the inverse of that."""

from __future__ import annotations

import copy
import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

EndRule = Literal["loop", "hold", "error"]
"""Outside the recording: repeat it, keep its nearest value, or raise TraceEnded."""

_SNAP = 4e-15
"""Relative slack at which an interval's end counts as reached. Sums of floats miss the end by a
few units in the last place; without the slack such a miss would cost a whole outage."""

_FULL = 1.0 + _SNAP  # times a sum: as far as it counts as reached


class TraceEnded(Exception):  # noqa: N818  (the design's word)
    """A trace whose end rule is "error" was asked about an instant that it does not cover."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepTrace:
    """A rate over half-open intervals: `values[i]` from `times_s[i]` to the next start.

    times_s: (n,) seconds after `start_s`, first 0, strictly increasing.
    values: (n,) finite, at least 0, in any unit a second (bandwidth: bytes/s; on/off: 0 or 1).
    period_s: where the last interval ends, after the last start.
    end_rule: what holds outside [start_s, start_s + period_s).
    start_s: the instant at which the first interval begins.

    Two traces are equal only if they are the same object.
    """

    times_s: NDArray[np.float64]
    values: NDArray[np.float64]
    period_s: float
    end_rule: EndRule = "loop"
    start_s: float = 0.0
    total: float = field(init=False, repr=False)  # the integral over one period (bytes)
    _edges: list[float] = field(init=False, repr=False)  # (n + 1,) as edges_s
    _rates: list[float] = field(init=False, repr=False)  # (n,) as values
    _sums: list[float] = field(init=False, repr=False)  # (n + 1,) integral up to each edge
    _is_constant: bool = field(init=False, repr=False)  # at every instant

    def __post_init__(self) -> None:
        times_s, values = _checked(self.times_s, self.values, self.period_s)
        if self.end_rule not in ("loop", "hold", "error"):
            raise ValueError(f"end_rule must be loop, hold or error, got {self.end_rule!r}")
        if not math.isfinite(self.start_s):
            raise ValueError(f"start_s must be finite, got {self.start_s}")
        object.__setattr__(self, "times_s", times_s)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_edges", self.edges_s.tolist())
        object.__setattr__(self, "_rates", values.tolist())
        object.__setattr__(self, "_is_constant", len(values) == 1 and self.end_rule != "error")
        self._sum_up(values * np.diff(self.edges_s))

    def __repr__(self) -> str:
        return (
            f"StepTrace({len(self._rates)} intervals, period_s={self.period_s:g}, "
            f"mean={self.mean:g}, end_rule={self.end_rule!r}, start_s={self.start_s:g})"
        )

    def _sum_up(self, amounts: NDArray[np.float64]) -> None:
        sums = np.concatenate(([0.0], np.cumsum(amounts, dtype=np.longdouble))).astype(np.float64)
        if not math.isfinite(sums[-1]):
            raise ValueError("the integral of the trace over its period must be finite")
        object.__setattr__(self, "_sums", sums.tolist())
        object.__setattr__(self, "total", self._sums[-1])

    def value_at(self, t_s: float) -> float:
        """The value at an instant. Raises TraceEnded outside an "error" trace."""
        if self._is_constant:
            return self._rates[0]
        return self._rates[self._index(self._phase(t_s)[1])]

    def integral(self, from_s: float, to_s: float) -> float:
        """Value x seconds between two instants (bytes, for a bandwidth)."""
        if to_s < from_s:
            raise ValueError(f"to_s must not be before from_s, got {from_s} to {to_s}")
        if self._is_constant:
            return self._rates[0] * (to_s - from_s)
        cycle, phase = self._phase(from_s, closed=True)
        if phase <= self.period_s:  # false only where a "hold" trace holds its last value
            i = self._index(phase)
            if to_s - from_s <= self._edges[i + 1] - phase:
                return self._rates[i] * (to_s - from_s)
        last_cycle, last_phase = self._phase(to_s, closed=True)
        whole = (last_cycle - cycle) * self._sums[-1]
        return whole + (self._sum_to(last_phase) - self._sum_to(phase))

    def time_to_accumulate(self, start_s: float, amount: float) -> float:
        """Least number of seconds from start_s after which the integral reaches `amount`.

        inf if the trace cannot deliver the amount however long it runs. On a constant trace this is
        amount / value, bit for bit. Raises TraceEnded if the end rule is "error" and the trace ends
        first.
        """
        if not 0.0 < amount < math.inf:
            if amount == 0.0:
                return 0.0
            raise ValueError(f"amount must be finite and at least 0, got {amount}")
        edges, rates, period_s = self._edges, self._rates, self.period_s
        if self._is_constant:
            return _divided(amount, rates[0])
        if self.end_rule == "loop":  # as _phase, without its detours: this is asked most of all
            phase = (start_s - self.start_s) % period_s
            if phase == period_s:
                phase = 0.0
        else:
            phase = self._phase(start_s, closed=True)[1]
            if phase < 0.0 or phase >= period_s:
                return self._from_outside(phase, amount)
        i = bisect_right(edges, phase) - 1
        rate = rates[i]
        if amount <= rate * (edges[i + 1] - phase):
            return amount / rate
        reached = self._sums[i] + rate * (phase - edges[i]) + amount
        if reached <= self._sums[-1] * _FULL:
            seconds = self._time_of(reached, i) - phase
            return seconds if seconds > 0.0 else 0.0  # by a last place, at an interval's end
        return (self.period_s - phase) + self._beyond(reached - self._sums[-1], amount)

    @property
    def edges_s(self) -> NDArray[np.float64]:
        """(n + 1,) the starts of the intervals, then the end of the last one."""
        return np.append(self.times_s, self.period_s)

    @property
    def amounts(self) -> NDArray[np.float64]:
        """(n,) the integral over each interval."""
        return np.diff(self._sums)

    @property
    def mean(self) -> float:
        """Time-weighted mean over one period."""
        return self._sums[-1] / self.period_s

    def _phase(self, t_s: float, closed: bool = False) -> tuple[float, float]:
        """Whole periods before t_s, and seconds into the period it falls in.

        For "hold" the count is 0 and the seconds may lie outside [0, period_s]. `closed`
        admits the very end of an "error" trace.
        """
        x = t_s - self.start_s
        if self.end_rule == "loop":
            cycle, phase = divmod(x, self.period_s)
            # a tiny negative x rounds up to a whole period
            return (cycle, phase) if phase < self.period_s else (cycle + 1.0, 0.0)
        if self.end_rule == "error":
            inside = 0.0 <= x <= self.period_s if closed else 0.0 <= x < self.period_s
            if not inside:
                end_s = self.start_s + self.period_s
                raise TraceEnded(f"the trace covers {self.start_s} to {end_s} s, asked at {t_s} s")
        return 0.0, x

    def _index(self, phase: float) -> int:
        """The interval of a phase; the nearest one outside the period."""
        return bisect_right(self._edges, phase, 1, len(self._rates)) - 1

    def _sum_to(self, phase: float) -> float:
        """Integral from the start of the period; extrapolates outside it ("hold")."""
        if phase >= self.period_s:
            return self._sums[-1] + self._rates[-1] * (phase - self.period_s)
        i = self._index(phase)
        return self._sums[i] + self._rates[i] * (phase - self._edges[i])

    def _time_of(self, reached: float, not_before: int = 0) -> float:
        """Earliest phase, from interval `not_before` on, at which the period's sum is `reached`."""
        sums, target = self._sums, reached * (1.0 - _SNAP)
        i = bisect_left(sums, target, not_before + 1) - 1
        rate, end_s = self._rates[i], self._edges[i + 1]
        if rate == 0.0:  # an amount that rounding lost: it comes when the outage ends
            return end_s
        time_s = self._edges[i] + (reached - sums[i]) / rate
        return time_s if time_s < end_s else end_s

    def _beyond(self, rest: float, amount: float) -> float:
        """Seconds after the end of the period until `rest` more has come."""
        if self.end_rule == "loop":
            total = self._sums[-1]
            if total == 0.0:
                return math.inf
            cycles, rest = divmod(rest, total)
            if rest <= total * _SNAP and cycles >= 1.0:  # done in that cycle, maybe before its end
                cycles, rest = cycles - 1.0, total
            return cycles * self.period_s + self._time_of(rest)
        if self.end_rule == "hold":
            return _divided(rest, self._rates[-1])
        raise TraceEnded(f"the trace ends {rest:g} before the {amount:g} asked for is reached")

    def _from_outside(self, phase: float, amount: float) -> float:
        """A "hold" trace before its start or after its end; an "error" one at its very end."""
        if phase >= self.period_s:
            return self._beyond(amount, amount)
        before = self._rates[0] * -phase
        if amount <= before:
            return amount / self._rates[0]
        return -phase + self.time_to_accumulate(self.start_s, amount - before)

    def shift(self, offset_s: float) -> StepTrace:
        """The trace seen `offset_s` later: new.value_at(t) == old.value_at(t + offset_s).

        The arrays are shared, so a thousand clients on one recording cost one recording.
        """
        if not math.isfinite(offset_s):
            raise ValueError(f"offset_s must be finite, got {offset_s}")
        shifted = copy.copy(self)
        object.__setattr__(shifted, "start_s", self.start_s - offset_s)
        return shifted


def _divided(amount: float, rate: float) -> float:
    return amount / rate if rate else math.inf


def constant(value: float) -> StepTrace:
    """A trace that always has the same value."""
    return StepTrace(times_s=np.zeros(1), values=np.full(1, value), period_s=1.0, end_rule="hold")


def from_amounts(
    edges_s: ArrayLike,
    amounts: ArrayLike,
    *,
    end_rule: EndRule = "loop",
    start_s: float = 0.0,
) -> StepTrace:
    """A trace from the integral over each interval, which it keeps exactly (bytes of a log).

    edges_s: (n + 1,) seconds, first 0, strictly increasing. amounts: (n,) at least 0.
    """
    edges = np.asarray(edges_s, dtype=np.float64)
    given = np.asarray(amounts, dtype=np.float64)
    if edges.ndim != 1 or edges.shape[0] != given.shape[0] + 1:
        raise ValueError(f"n amounts need n + 1 edges, got {given.shape[0]} and {edges.shape[0]}")
    trace = StepTrace(
        times_s=edges[:-1],
        values=given / np.diff(edges),
        period_s=float(edges[-1]),
        end_rule=end_rule,
        start_s=start_s,
    )
    trace._sum_up(given)
    return trace


def _checked(
    times_s: ArrayLike, values: ArrayLike, period_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read-only float copies. Raises ValueError naming the first offending entry."""
    times = np.array(times_s, dtype=np.float64)
    rates = np.array(values, dtype=np.float64)
    if times.ndim != 1 or times.shape != rates.shape or not len(times):
        raise ValueError(
            f"a trace needs n >= 1 times and n values, got {times.shape}, {rates.shape}"
        )
    bad = np.flatnonzero(~(np.isfinite(rates) & (rates >= 0.0)))
    if len(bad):
        raise ValueError(f"value {bad[0]} must be finite and at least 0, got {rates[bad[0]]}")
    if times[0] != 0.0:
        raise ValueError(f"times_s counts from start_s, so it begins with 0, got {times[0]}")
    late = np.flatnonzero(~(np.diff(times, append=period_s) > 0.0))
    if len(late) or not math.isfinite(period_s):
        where = int(late[0]) if len(late) else len(times) - 1
        raise ValueError(f"interval {where} must end after it starts and be finite")
    times.setflags(write=False)
    rates.setflags(write=False)
    return times, rates
