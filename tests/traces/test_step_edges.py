"""StepTrace where a comparison, a default or an end rule decides: each answer by hand."""

import math

import numpy as np
import pytest

from traces.reshape import resample, with_end_rule
from traces.step import EndRule, StepTrace, TraceEnded, constant, from_amounts


def two(end_rule: EndRule = "loop", start_s: float = 0.0) -> StepTrace:
    """1 for 1 s, then 3 for 1 s: 4 in a period of 2 s."""
    times_s, values = np.array([0.0, 1.0]), np.array([1.0, 3.0])
    return StepTrace(
        times_s=times_s, values=values, period_s=2.0, end_rule=end_rule, start_s=start_s
    )


def alone(end_rule: EndRule) -> StepTrace:
    """5 for 2 s, in a single interval."""
    return StepTrace(times_s=np.zeros(1), values=np.full(1, 5.0), period_s=2.0, end_rule=end_rule)


def test_an_amount_that_ends_with_a_whole_period_waits_for_no_outage() -> None:
    # 1 in the first second of two; the second and third unit end with the work of a later period
    trace = StepTrace(times_s=np.array([0.0, 1.0]), values=np.array([1.0, 0.0]), period_s=2.0)
    assert [trace.time_to_accumulate(0.0, n) for n in (1.0, 2.0, 3.0)] == [1.0, 3.0, 5.0]


def test_the_second_interval_counts_with_its_own_rate() -> None:
    trace = StepTrace(times_s=np.array([0.0, 1.0]), values=np.array([2.0, 1.0]), period_s=3.0)
    assert trace.time_to_accumulate(0.0, 3.0) == 2.0
    assert [trace.value_at(t) for t in (0.5, 1.0)] == [2.0, 1.0]


def test_a_held_trace_has_its_first_value_before_its_start() -> None:
    trace = two("hold", start_s=10.0)
    assert trace.time_to_accumulate(6.0, 3.0) == 3.0
    assert trace.time_to_accumulate(6.0, 4.5) == 4.5
    assert trace.integral(6.0, 10.5) == 4.5


def test_a_held_trace_has_its_last_value_from_its_very_end_on() -> None:
    assert two("hold").time_to_accumulate(2.0, 6.0) == 2.0
    assert two("hold").integral(2.0, 4.0) == 6.0


def test_a_moment_before_a_period_is_its_start() -> None:
    assert two().value_at(-1e-20) == 1.0
    assert two().integral(-1e-20, 5.0) == two().integral(0.0, 5.0) == 9.0
    assert two().time_to_accumulate(-1e-20, 2.5) == 1.5


def test_an_integral_from_a_negative_instant_changes_its_rate() -> None:
    assert two().integral(-1.0, 1.0) == 4.0


def test_an_error_trace_may_be_asked_at_its_very_end_for_nothing() -> None:
    assert two("error").integral(2.0, 2.0) == 0.0
    assert two("error").time_to_accumulate(2.0, 0.0) == 0.0
    with pytest.raises(TraceEnded, match="ends 1 before the 1 asked for"):
        two("error").time_to_accumulate(2.0, 1.0)


def test_an_error_trace_of_one_interval_ends_as_well() -> None:
    trace = alone("error")
    assert (trace.value_at(1.0), trace.integral(0.5, 1.5)) == (5.0, 5.0)
    assert trace.time_to_accumulate(1.0, 5.0) == 1.0
    with pytest.raises(TraceEnded, match="covers"):
        trace.value_at(3.0)
    with pytest.raises(TraceEnded, match="covers"):
        trace.integral(1.0, 3.0)
    with pytest.raises(TraceEnded, match="ends"):
        trace.time_to_accumulate(1.0, 6.0)


@pytest.mark.parametrize("end_rule", ["loop", "hold"])
def test_one_interval_has_one_value(end_rule: EndRule) -> None:
    assert [alone(end_rule).value_at(t) for t in (-3.0, 1.0, 7.0)] == [5.0] * 3
    assert alone(end_rule).integral(-3.0, 7.0) == 50.0


def test_a_constant_is_held_and_counts_in_periods_of_a_second() -> None:
    assert (constant(3.0).period_s, constant(3.0).end_rule) == (1.0, "hold")


def test_amounts_give_rates_and_keep_their_start() -> None:
    trace = from_amounts([0, 2, 4], [10, 20], start_s=5.0)
    assert trace.values.tolist() == [5.0, 10.0]
    assert (trace.start_s, trace.end_rule, trace.value_at(5.0)) == (5.0, "loop", 5.0)
    assert from_amounts([0, 2, 4], [10, 20]).start_s == 0.0


def test_whole_numbers_become_floats() -> None:
    trace = StepTrace(times_s=[0, 1], values=[1, 3], period_s=2)  # type: ignore[arg-type]
    assert [one.dtype.str for one in (trace.times_s, trace.values)] == ["<f8", "<f8"]
    assert trace.integral(0.0, 2.0) == 4.0


def test_the_arrays_of_times_and_values_are_read_only() -> None:
    assert not two().times_s.flags.writeable
    assert not two().values.flags.writeable


@pytest.mark.parametrize("values", [[1.0, 1e308], [1e308, 1.0]])
def test_an_infinite_integral_is_refused_wherever_it_arises(values: list[float]) -> None:
    times_s = np.array([0.0, 1.0]) if values[0] == 1.0 else np.array([0.0, 1e10])
    with (
        pytest.raises(ValueError, match="integral of the trace over its period must be finite"),
        np.errstate(over="ignore"),
    ):
        StepTrace(times_s=times_s, values=np.array(values), period_s=2e10)


def test_an_infinite_period_is_that_of_the_last_interval() -> None:
    with pytest.raises(ValueError, match="interval 1 must end after it starts and be finite"):
        StepTrace(times_s=np.array([0.0, 1.0]), values=np.ones(2), period_s=math.inf)


@pytest.mark.skipif(
    np.finfo(np.longdouble).eps == np.finfo(np.float64).eps, reason="has no longer floats"
)
def test_the_sums_of_a_long_trace_are_exact_to_the_last_place() -> None:
    n = 100_000
    trace = StepTrace(times_s=np.arange(float(n)), values=np.full(n, 0.1), period_s=float(n))
    assert trace.total == pytest.approx(10_000.0, rel=1e-15)  # as floats: 10,000.000000018848


@pytest.mark.parametrize(
    ("second_s", "period_s", "values", "start_s", "amount"),
    [
        (0.001245547058352835, 28.834321247816113, (0.05540905021732678, 8.097107759127777e-07),
         28.834321247816106, 5.753341098915346e-21),
        (42.41064854440128, 52.20753562949785, (503.67697920057896, 0.07534465385839052),
         52.20753562949784, 5.353559647759595e-16),
    ],
)  # fmt: skip
def test_rounding_never_gives_a_negative_time(
    second_s: float, period_s: float, values: tuple[float, float], start_s: float, amount: float
) -> None:
    times_s = np.array([0.0, second_s])
    trace = StepTrace(times_s=times_s, values=np.array(values), period_s=period_s)
    assert trace.time_to_accumulate(start_s, amount) == 0.0


@pytest.mark.parametrize("n", [4094, 4095, 4096, 4097, 9000])
def test_a_search_may_end_beyond_the_first_thousands_of_intervals(n: int) -> None:
    trace = StepTrace(times_s=np.arange(float(n)), values=np.full(n, 2.0), period_s=float(n))
    assert [trace.time_to_accumulate(0.0, 2.0 * m) for m in (10, n - 1)] == [10.0, n - 1.0]


def test_another_end_rule_keeps_the_start() -> None:
    changed = with_end_rule(two("hold", start_s=7.0), "loop")
    assert (changed.start_s, changed.end_rule) == (7.0, "loop")


def test_a_resampled_trace_keeps_end_rule_and_start() -> None:
    found = resample(two("hold", start_s=7.0), 0.5)
    assert (found.start_s, found.end_rule) == (7.0, "hold")


def test_a_step_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="step_s"):
        resample(two(), math.inf)


def test_lengths_of_intervals_are_exact_where_a_reader_gives_short_floats() -> None:
    # 2^13 - 2^-12 needs 25 bits, and a float32 has 24: as a difference of those it would be 2^13.
    edges_s = np.array([0.0, 2.0**-12, 2.0**13], dtype=np.float32)
    trace = from_amounts(edges_s, [0.0, 2.0**13 - 2.0**-12])
    assert trace.values.tolist() == [0.0, 1.0]
