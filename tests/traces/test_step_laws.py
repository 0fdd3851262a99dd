"""DESIGN law 1 on random traces: exact bytes, the earliest instant, monotone, split anywhere."""

import math
from itertools import islice

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from traces.reshape import resample
from traces.step import EndRule, StepTrace, constant
from traces.step_means import means

RULES: st.SearchStrategy[EndRule] = st.sampled_from(["loop", "hold"])
STARTS_S = st.floats(0.0, 1e6)
AMOUNTS = st.floats(1e3, 1e9)


@st.composite
def bandwidths(draw: st.DrawFn, end_rule: st.SearchStrategy[EndRule] = RULES) -> StepTrace:
    """Up to 12 intervals of 1 ms to 100 s, at 0 or at 1 kB/s to 100 MB/s, never all 0."""
    n = draw(st.integers(1, 12))
    durations_s = draw(st.lists(st.floats(1e-3, 100.0), min_size=n, max_size=n))
    rate = st.one_of(st.just(0.0), st.floats(1e3, 1e8))
    rates = draw(st.lists(rate, min_size=n, max_size=n))
    rates[-1] = rates[-1] or draw(st.floats(1e3, 1e8))
    edges_s = np.concatenate(([0.0], np.cumsum(durations_s)))
    return StepTrace(
        times_s=edges_s[:-1],
        values=np.array(rates),
        period_s=float(edges_s[-1]),
        end_rule=draw(end_rule),
    )


def slack(trace: StepTrace, start_s: float, seconds: float, amount: float) -> float:
    """1e-9 relative, and what the last place of an absolute instant is worth in bytes."""
    ulp_s = math.ulp(start_s + seconds + trace.period_s)
    return 1e-9 * amount + 8.0 * ulp_s * float(trace.values.max()) + 1e-14 * trace.total


@given(bandwidths(), STARTS_S, AMOUNTS)
def test_a_transfer_delivers_exactly_its_bytes(
    trace: StepTrace, start_s: float, amount: float
) -> None:
    seconds = trace.time_to_accumulate(start_s, amount)
    delivered = trace.integral(start_s, start_s + seconds)
    assert abs(delivered - amount) <= slack(trace, start_s, seconds, amount)


@given(bandwidths(), STARTS_S, AMOUNTS)
def test_it_finishes_at_the_earliest_instant(
    trace: StepTrace, start_s: float, amount: float
) -> None:
    finish_s = start_s + trace.time_to_accumulate(start_s, amount)
    # bytes came until the very end (or it ends, by a last place, where bytes begin again)
    assert trace.integral(finish_s - 1e-6, finish_s + 1e-8 + 4 * math.ulp(finish_s)) > 0.0


@given(bandwidths(), STARTS_S, AMOUNTS, st.floats(0.0, 100.0), st.floats(1.0, 3.0))
def test_the_finish_is_monotone_in_bytes_and_start(
    trace: StepTrace, start_s: float, amount: float, later_s: float, more: float
) -> None:
    seconds = trace.time_to_accumulate(start_s, amount)
    assert trace.time_to_accumulate(start_s, amount * more) >= seconds - 1e-9 * (1.0 + seconds)
    finish_s = start_s + later_s + trace.time_to_accumulate(start_s + later_s, amount)
    slowest = float(trace.values[trace.values > 0.0].min())
    ulps_s = slack(trace, start_s, seconds, amount) / slowest
    assert finish_s >= start_s + seconds - ulps_s - 1e-9 * seconds


@given(bandwidths(), STARTS_S, AMOUNTS, st.floats(0.0, 1.0))
def test_splitting_a_transfer_changes_nothing(
    trace: StepTrace, start_s: float, amount: float, fraction: float
) -> None:
    whole_s = trace.time_to_accumulate(start_s, amount)
    split_s = start_s + whole_s * fraction
    rest = amount - trace.integral(start_s, split_s)
    again_s = split_s + trace.time_to_accumulate(split_s, max(rest, 0.0))
    # rounding may move the amount by the slack, and the instant by what the slack may wait for
    spare = slack(trace, start_s, whole_s, amount)
    early_s = start_s + trace.time_to_accumulate(start_s, max(amount - spare, 0.0))
    late_s = start_s + trace.time_to_accumulate(start_s, amount + spare)
    margin_s = 1e-9 * (1.0 + whole_s) + 4.0 * math.ulp(start_s + whole_s)
    assert early_s - margin_s <= again_s <= late_s + margin_s


@given(bandwidths(), STARTS_S, st.floats(0.0, 1e4), st.floats(0.0, 1.0))
def test_integrals_add_up(
    trace: StepTrace, start_s: float, duration_s: float, fraction: float
) -> None:
    end_s = start_s + duration_s
    middle_s = min(start_s + duration_s * fraction, end_s)
    parts = trace.integral(start_s, middle_s) + trace.integral(middle_s, end_s)
    whole = trace.integral(start_s, end_s)
    assert abs(parts - whole) <= slack(trace, start_s, duration_s, whole)


@given(st.floats(1e-3, 1e9), st.floats(0.0, 1e12), STARTS_S)
def test_a_constant_rate_is_one_division(rate: float, amount: float, start_s: float) -> None:
    assert constant(rate).time_to_accumulate(start_s, amount) == amount / rate


@given(bandwidths(), STARTS_S, AMOUNTS, st.floats(0.0, 100.0))
def test_shifting_the_trace_is_starting_later(
    trace: StepTrace, start_s: float, amount: float, offset_s: float
) -> None:
    shifted = trace.shift(offset_s)
    seconds = shifted.time_to_accumulate(start_s, amount)
    delivered = trace.integral(start_s + offset_s, start_s + offset_s + seconds)
    assert abs(delivered - amount) <= slack(trace, start_s + offset_s, seconds, amount)


@given(bandwidths(), st.floats(1e-2, 50.0))
def test_resampling_conserves_bytes(trace: StepTrace, step_s: float) -> None:
    assert math.isclose(resample(trace, step_s).total, trace.total, rel_tol=1e-12)


@given(bandwidths(), STARTS_S, st.floats(1e-2, 1e3))
def test_means_are_the_integrals_of_steps_one_behind_the_other(
    trace: StepTrace, start_s: float, step_s: float
) -> None:
    for step_no, mean in enumerate(islice(means(trace, start_s, step_s), 20)):
        from_s = start_s + step_no * step_s
        amount = trace.integral(from_s, from_s + step_s)
        assert mean >= 0.0
        off = slack(trace, from_s, step_s, amount) + 1e-14 * trace.mean * 20 * step_s
        assert abs(mean * step_s - amount) <= off


def test_means_begin_anew_just_before_a_period_does() -> None:
    trace = StepTrace(times_s=np.array([0.0, 1.0]), values=np.array([3.0, 5.0]), period_s=2.0)
    assert list(islice(means(trace, -1e-20, 1.0), 3)) == [3.0, 5.0, 3.0]


def test_means_of_a_trace_that_begins_later_start_at_its_first_instant() -> None:
    times_s, values = np.array([0.0, 1.0]), np.array([3.0, 5.0])
    trace = StepTrace(times_s=times_s, values=values, period_s=3.0, start_s=1.0)
    assert list(islice(means(trace, 1.0, 1.0), 4)) == [3.0, 5.0, 5.0, 3.0]
