"""Many questions in one go are answered as one by one, to the last bit."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from traces.step import NeverFinishes, StepTrace, TraceEnded, constant
from traces.step_many import times_to_accumulate
from traces.synthetic import bandwidth


@st.composite
def traces(draw: st.DrawFn) -> StepTrace:
    """Up to 8 intervals, outages among them, under any end rule."""
    n = draw(st.integers(1, 8))
    spans_s = draw(st.lists(st.floats(1e-3, 100.0), min_size=n, max_size=n))
    rate = st.one_of(st.just(0.0), st.floats(1e3, 1e8))
    edges_s = np.concatenate(([0.0], np.cumsum(spans_s)))
    return StepTrace(
        times_s=edges_s[:-1],
        values=np.array(draw(st.lists(rate, min_size=n, max_size=n))),
        period_s=float(edges_s[-1]),
        end_rule=draw(st.sampled_from(["loop", "hold", "error"])),
        start_s=draw(st.sampled_from([0.0, -7.5, 3.25])),
    )


def one_by_one(trace: StepTrace, start_s: float, amount: float) -> float:
    """The scalar's answer; nan for none."""
    try:
        return trace.time_to_accumulate(start_s, amount)
    except (NeverFinishes, TraceEnded):
        return math.nan


QUESTION = st.tuples(
    st.floats(-100.0, 1e6), st.one_of(st.just(0.0), st.floats(0.0, 1e10), st.integers(0, 10**9))
)


@given(traces(), st.lists(QUESTION, min_size=1, max_size=20))
def test_each_answer_is_the_scalars_or_none(
    trace: StepTrace, questions: list[tuple[float, float]]
) -> None:
    starts_s, amounts = zip(*questions, strict=True)
    answers = times_to_accumulate(trace, np.array(starts_s), np.array(amounts, dtype=np.float64))
    for start_s, amount, answer in zip(starts_s, amounts, answers.tolist(), strict=True):
        assert answer == one_by_one(trace, start_s, amount) or math.isnan(answer)


@given(st.integers(0, 2**32))
def test_of_a_preset_nearly_every_answer_is_given(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trace = bandwidth("lte.down", rng, 3600.0)
    starts_s, amounts = rng.uniform(0.0, 1e6, 200), rng.uniform(0.0, 1e7, 200)
    answers = times_to_accumulate(trace, starts_s, amounts)
    own = [trace.time_to_accumulate(s, a) for s, a in zip(starts_s, amounts, strict=True)]
    given_ = ~np.isnan(answers)
    assert given_.mean() > 0.9
    assert np.array_equal(answers[given_], np.array(own)[given_])


def test_at_an_edge_at_an_end_and_on_a_constant_trace() -> None:
    trace = StepTrace(
        times_s=np.array([0.0, 2.0, 3.0]), values=np.array([5.0, 0.0, 4.0]), period_s=5
    )
    starts_s = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0])
    amounts = np.array([10.0, 6.0, 4.0, 8.0, 8.0, 4.0])
    answers = times_to_accumulate(trace, starts_s, amounts)
    # the fifth goes on in the next period: the scalar's business
    assert np.array_equal(answers, [2.0, 2.25, 2.0, 2.0, math.nan, 1.0], equal_nan=True)
    assert times_to_accumulate(constant(4.0), starts_s, amounts).tolist() == (amounts / 4).tolist()
    assert np.isnan(times_to_accumulate(constant(0.0), starts_s, amounts)).all()
