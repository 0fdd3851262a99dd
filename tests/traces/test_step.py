"""StepTrace: hand-computed answers at the edges, for every end rule."""

import copy
import math
from typing import Any

import numpy as np
import pytest

from traces.step import EndRule, StepTrace, TraceEnded, constant, from_amounts


def steps(end_rule: EndRule = "loop", **changes: Any) -> StepTrace:
    """10 for 2 s, 0 for 1 s, 4 for 1 s: 24 in a period of 4 s."""
    fields: dict[str, Any] = {
        "times_s": np.array([0.0, 2.0, 3.0]),
        "values": np.array([10.0, 0.0, 4.0]),
        "period_s": 4.0,
        "end_rule": end_rule,
    }
    return StepTrace(**(fields | changes))


def test_intervals_are_half_open() -> None:
    assert [steps().value_at(t) for t in (0.0, 1.999, 2.0, 3.0, 3.999)] == [10, 10, 0, 4, 4]


def test_a_loop_repeats_in_both_directions() -> None:
    assert [steps().value_at(t) for t in (4.0, 6.5, 4e6 + 3.5, -0.5, -1e-20)] == [10, 0, 4, 4, 10]


def test_hold_keeps_the_nearest_value() -> None:
    assert [steps("hold").value_at(t) for t in (-5.0, 4.0, 1e9)] == [10, 4, 4]


@pytest.mark.parametrize("t_s", [-1e-9, 4.0, 1e9])
def test_an_error_trace_refuses_instants_outside_it(t_s: float) -> None:
    with pytest.raises(TraceEnded, match=r"covers 0\.0 to 4\.0 s"):
        steps("error").value_at(t_s)


def test_integrals_by_hand() -> None:
    trace = steps()
    assert trace.integral(0.0, 4.0) == 24.0
    assert trace.integral(0.5, 1.0) == 5.0
    assert trace.integral(1.0, 3.5) == 12.0
    assert trace.integral(1.0, 4.0 * 1000 + 1.0) == 24_000.0
    assert trace.integral(-1.0, 0.0) == 4.0
    assert steps("hold").integral(-1.0, 6.0) == 10.0 + 24.0 + 8.0
    assert steps("hold").integral(5.0, 6.0) == 4.0
    assert steps("error").integral(0.0, 4.0) == 24.0
    with pytest.raises(TraceEnded):
        steps("error").integral(3.0, 4.5)
    with pytest.raises(ValueError, match="must not be before"):
        trace.integral(2.0, 1.0)


def test_times_to_accumulate_by_hand() -> None:
    trace = steps()
    assert trace.time_to_accumulate(0.0, 0.0) == 0.0
    assert trace.time_to_accumulate(0.0, 5.0) == 0.5
    assert trace.time_to_accumulate(0.0, 20.0) == 2.0  # at once, not after the outage
    assert trace.time_to_accumulate(0.0, 22.0) == 3.5
    assert trace.time_to_accumulate(2.0, 2.0) == 1.5
    assert trace.time_to_accumulate(2.5, 24.0) == 3.5  # starts inside the outage, wraps
    assert trace.time_to_accumulate(0.0, 24.0 * 1000) == 4000.0
    assert trace.time_to_accumulate(0.0, 24.0 * 1000 + 20.0) == 4002.0
    assert steps("hold").time_to_accumulate(0.0, 24.0 + 8.0) == 6.0
    assert steps("hold").time_to_accumulate(9.0, 8.0) == 2.0
    assert steps("hold").time_to_accumulate(-1.0, 15.0) == 1.5
    assert steps("hold").time_to_accumulate(-1.0, 5.0) == 0.5
    assert steps("error").time_to_accumulate(0.0, 24.0) == 4.0


def test_an_outage_at_the_end_of_a_loop_is_not_waited_for() -> None:
    trace = StepTrace(times_s=np.array([0.0, 1.0]), values=np.array([6.0, 0.0]), period_s=100.0)
    assert trace.time_to_accumulate(0.0, 18.0) == 201.0


def test_what_can_never_be_delivered_takes_for_ever() -> None:
    assert constant(0.0).time_to_accumulate(0.0, 5.0) == math.inf
    assert steps(values=np.zeros(3)).time_to_accumulate(1.0, 5.0) == math.inf
    holding = steps("hold", values=np.array([1.0, 1.0, 0.0]))
    assert holding.time_to_accumulate(1.0, 5.0) == math.inf
    assert holding.time_to_accumulate(1e6, 5.0) == math.inf
    with pytest.raises(TraceEnded, match="ends 1 before"):
        steps("error").time_to_accumulate(0.0, 25.0)
    with pytest.raises(TraceEnded):
        steps("error").time_to_accumulate(4.0, 1.0)


@pytest.mark.parametrize("amount", [-1.0, math.nan, math.inf])
def test_an_impossible_amount_is_refused(amount: float) -> None:
    with pytest.raises(ValueError, match="amount must be finite"):
        steps().time_to_accumulate(0.0, amount)


def test_a_start_far_from_zero_keeps_its_precision() -> None:
    trace = StepTrace(times_s=np.array([0.0, 30.0]), values=np.array([1e6, 0.0]), period_s=100.0)
    assert trace.time_to_accumulate(1e6 + 10.0, 20e6) == 20.0
    assert trace.time_to_accumulate(1e6 + 30.0, 1e6) == 71.0
    assert trace.integral(1e6, 2e6) == 1e4 * 30e6


def test_mean_and_total_are_of_one_period() -> None:
    assert (steps().mean, steps().total) == (6.0, 24.0)


def test_a_shifted_trace_is_seen_later() -> None:
    shifted = steps().shift(2.5)
    assert [shifted.value_at(t) for t in (0.0, 0.5, 1.5)] == [0, 4, 10]
    assert shifted.time_to_accumulate(0.0, 24.0) == 3.5
    assert steps("error").shift(2.0).value_at(-2.0) == 10
    assert shifted.shift(-2.5).value_at(0.0) == 10


def test_a_shift_shares_the_arrays() -> None:
    trace = steps()
    assert trace.shift(1.0).values is trace.values


def test_a_constant_answers_by_division_alone() -> None:
    third = constant(3.0)
    assert third.time_to_accumulate(0.1, 1.0) == 1.0 / 3.0
    assert third.integral(0.1, 0.3) == 3.0 * (0.3 - 0.1)
    assert third.value_at(-7.0) == 3.0


def test_a_long_trace_finishes_where_its_sums_say(rng: np.random.Generator) -> None:
    trace = StepTrace(
        times_s=np.arange(20_000.0), values=rng.uniform(1.0, 9.0, 20_000), period_s=20_000.0
    )
    sums = np.concatenate(([0.0], np.cumsum(trace.values)))
    for start_s in (0.0, 17.25, 9_000.5, 15_000.0):
        before = float(np.interp(start_s, trace.edges_s, sums))
        for amount in (3.0, 1_000.0, 20_300.0, 20_600.0, 24_000.0):  # 4096 intervals: 20,480
            expected_s = float(np.interp(before + amount, sums, trace.edges_s)) - start_s
            assert math.isclose(trace.time_to_accumulate(start_s, amount), expected_s, rel_tol=1e-9)


def test_amounts_are_kept_exactly() -> None:
    edges_s = np.arange(1001) / 1000
    amounts = np.tile([1500.0, 0.0, 4500.0, 3000.0], 250)
    trace = from_amounts(edges_s, amounts)
    assert trace.total == amounts.sum()
    assert list(trace.amounts) == list(amounts)
    with pytest.raises(ValueError, match=r"n \+ 1 edges"):
        from_amounts([0.0, 1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"values": np.array([1.0, -1.0, 2.0])}, "value 1 must be finite and at least 0, got -1"),
        ({"values": np.array([1.0, 1.0, math.nan])}, "value 2 must be finite"),
        ({"values": np.array([1.0, math.inf, 1.0])}, "value 1 must be finite"),
        ({"values": np.array([1.0])}, "n values"),
        ({"times_s": np.array([]), "values": np.array([])}, "n >= 1"),
        ({"times_s": np.array([0.5, 2.0, 3.0])}, "begins with 0, got 0.5"),
        ({"times_s": np.array([0.0, 2.0, 2.0])}, "interval 1 must end after it starts"),
        ({"times_s": np.array([0.0, math.nan, 3.0])}, "interval 0 must end after"),
        ({"period_s": 3.0}, "interval 2 must end after it starts"),
        ({"period_s": math.inf}, "be finite"),
        ({"values": np.full(3, 1e308), "period_s": 1e9}, "integral of the trace"),
        ({"end_rule": "stop"}, "loop, hold or error, got 'stop'"),
        ({"start_s": math.nan}, "start_s must be finite"),
    ],
)
def test_a_bad_trace_is_refused_at_construction(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule.replace("(", r"\(")), np.errstate(over="ignore"):
        steps(**changes)


def test_a_trace_is_its_own_copy_and_read_only() -> None:
    values = np.array([1.0, 2.0, 3.0])
    trace = steps(values=values)
    values[0] = 99.0
    assert trace.values[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        trace.values[0] = 5.0


def test_a_trace_survives_a_copy() -> None:
    for twin in (copy.copy(steps()), copy.deepcopy(steps())):
        assert twin.time_to_accumulate(0.0, 22.0) == 3.5
