"""Means of a trace over consecutive steps of equal length, as a shared link needs them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import count

from .step import StepTrace

_FEW = 8  # intervals a step, on average: up to here they are walked, else searched


def means(trace: StepTrace, from_s: float, step_s: float) -> Iterator[float]:
    """The mean over `step_s` from an instant, then over the next step, and so on without end.

    Each is the step's integral / step_s, up to the last places. Raises TraceEnded where the trace
    does not cover a step. In a trace that repeats, the search for a step's end begins at its start.
    """
    edges, rates, sums = trace._edges, trace._rates, trace._sums
    if trace.end_rule != "loop" or len(rates) == 1:
        yield from _integrals(trace, from_s, step_s)
        return
    period_s, total = trace.period_s, sums[-1]
    is_fine = len(rates) * step_s > _FEW * period_s
    first = phase = (from_s - trace.start_s) % period_s  # as trace._phase
    if phase == period_s:
        first = phase = 0.0
    i = bisect_right(edges, phase) - 1
    reached = sums[i] + rates[i] * (phase - edges[i])
    for step_no in count(1):
        before = reached
        phase = first + step_no * step_s
        if phase >= period_s:
            cycles, phase = divmod(phase, period_s)
            first, before, i = first - cycles * period_s, before - cycles * total, 0
        if is_fine:
            i = bisect_right(edges, phase, i) - 1
        else:
            while phase >= edges[i + 1]:
                i += 1
        reached = sums[i] + rates[i] * (phase - edges[i])
        yield (reached - before) / step_s if reached > before else 0.0


def _integrals(trace: StepTrace, from_s: float, step_s: float) -> Iterator[float]:
    """As means, each step for itself."""
    for step_no in count():
        start_s = from_s + step_no * step_s
        yield trace.integral(start_s, start_s + step_s) / step_s
