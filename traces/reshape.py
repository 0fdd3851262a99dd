"""Traces derived from a trace: scaled, interrupted, resampled, with another end rule."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from .step import EndRule, StepTrace, from_amounts


def with_end_rule(trace: StepTrace, end_rule: EndRule) -> StepTrace:
    """The same recording under another end rule."""
    return from_amounts(trace.edges_s, trace.amounts, end_rule=end_rule, start_s=trace.start_s)


def scale(trace: StepTrace, factor: float) -> StepTrace:
    """Every value times a finite factor of at least 0."""
    return replace(trace, values=trace.values * factor)


def product(trace: StepTrace, factor: StepTrace) -> StepTrace:
    """The trace times another one of the same period, such as one of 0 and 1."""
    if factor.period_s != trace.period_s:
        raise ValueError(f"periods must be equal, got {trace.period_s} and {factor.period_s}")
    times_s = np.union1d(trace.times_s, factor.times_s)
    of_trace, of_factor = (
        one.values[np.searchsorted(one.times_s, times_s, side="right") - 1]
        for one in (trace, factor)
    )
    return replace(trace, times_s=times_s, values=of_trace * of_factor)


def resample(trace: StepTrace, step_s: float) -> StepTrace:
    """Means over steps of `step_s` (the last may be shorter): the integral is kept."""
    if not 0.0 < step_s < math.inf:
        raise ValueError(f"step_s must be positive and finite, got {step_s}")
    n = max(math.ceil(trace.period_s / step_s - 1e-9), 1)
    edges_s = np.append(np.arange(n) * step_s, trace.period_s)
    reached = np.interp(edges_s, trace.edges_s, trace._sums)
    return from_amounts(edges_s, np.diff(reached), end_rule=trace.end_rule, start_s=trace.start_s)
