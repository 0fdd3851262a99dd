"""The question that a simulator asks of a trace most of all, for many instants in one go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .step import _SNAP, StepTrace

Floats = NDArray[np.float64]


def times_to_accumulate(trace: StepTrace, starts_s: Floats, amounts: Floats) -> Floats:
    """`trace.time_to_accumulate` of each start and amount, bit for bit: the same float operations
    in the same order.

    starts_s, amounts: (n,), finite, amounts at least 0. Returns (n,) seconds; nan where the scalar
    has to be asked: what goes on beyond the end of the period, begins outside it or never ends.
    """
    edges, sums = np.frombuffer(trace._edges), np.frombuffer(trace._sums)
    rates = trace.values
    with np.errstate(divide="ignore", invalid="ignore"):
        if len(rates) == 1 and trace.end_rule != "error":
            return _or_nan(amounts / rates[0])
        phases = _phases(trace, starts_s)
        last = len(rates) - 1
        at = np.minimum(edges.searchsorted(phases, "right") - 1, last)
        rate = rates[at]
        reached = sums[at] + rate * (phases - edges[at]) + amounts
        end = np.minimum(np.maximum(sums.searchsorted(reached * (1.0 - _SNAP)), at + 1) - 1, last)
        end_s, end_rate = edges[end + 1], rates[end]
        time_s = np.minimum(edges[end] + (reached - sums[end]) / end_rate, end_s)
        time_s = np.where(end_rate == 0.0, end_s, time_s)
        later = np.where(reached <= sums[-1] * (1.0 + _SNAP), time_s - phases, np.nan)
        is_near = amounts <= rate * (edges[at + 1] - phases)
        return _or_nan(np.where(is_near, amounts / rate, np.maximum(later, 0.0)))


def _phases(trace: StepTrace, starts_s: Floats) -> Floats:
    """Seconds into the period; nan outside it."""
    phases = starts_s - trace.start_s
    if trace.end_rule == "loop":
        phases %= trace.period_s
        phases[phases == trace.period_s] = 0.0
    else:
        phases[(phases < 0.0) | (phases >= trace.period_s)] = np.nan
    return phases


def _or_nan(seconds: Floats) -> Floats:
    seconds[~np.isfinite(seconds)] = np.nan
    return seconds
