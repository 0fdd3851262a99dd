"""Traces made from a trace, by hand."""

import numpy as np
import pytest

from traces.reshape import product, resample, scale, with_end_rule
from traces.step import StepTrace

STEPS = StepTrace(
    times_s=np.array([0.0, 2.0, 3.0]), values=np.array([10.0, 0.0, 4.0]), period_s=4.0
)


def test_scaling_changes_every_value() -> None:
    assert list(scale(STEPS, 0.5).values) == [5, 0, 2]
    with pytest.raises(ValueError, match="at least 0"):
        scale(STEPS, -1.0)


def test_another_end_rule_leaves_the_recording_as_it_is() -> None:
    held = with_end_rule(STEPS, "hold")
    assert (held.value_at(9.0), STEPS.value_at(9.0)) == (4, 10)
    assert list(held.amounts) == list(STEPS.amounts)


def test_resampling_keeps_the_integral() -> None:
    trace = resample(STEPS, 1.5)
    assert list(trace.times_s) == [0.0, 1.5, 3.0]
    assert list(trace.amounts) == [15.0, 5.0, 4.0]
    assert (trace.period_s, trace.total) == (4.0, 24.0)
    with pytest.raises(ValueError, match="step_s must be positive"):
        resample(STEPS, 0.0)


def test_a_product_has_the_steps_of_both_traces() -> None:
    rates = StepTrace(times_s=np.array([0.0, 4.0]), values=np.array([10.0, 20.0]), period_s=8.0)
    on = StepTrace(
        times_s=np.array([0.0, 2.0, 5.0]), values=np.array([1.0, 0.0, 1.0]), period_s=8.0
    )
    joint = product(rates, on)
    assert list(joint.times_s) == [0, 2, 4, 5]
    assert list(joint.values) == [10, 0, 0, 20]
    assert joint.total == 10 * 2 + 20 * 3
    with pytest.raises(ValueError, match=r"periods must be equal, got 8\.0 and 7\.0"):
        product(rates, StepTrace(times_s=np.array([0.0]), values=np.array([1.0]), period_s=7.0))
