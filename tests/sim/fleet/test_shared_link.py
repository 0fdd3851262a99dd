"""The server's link: hand-computed shares, and a brute-force integrator for everything else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Environment

from sim.fleet.shared_link import Flow, SharedLink
from traces.step import StepTrace, constant


@dataclass(frozen=True)
class Transfer:
    start_s: float
    n_bytes: float
    caps: Sequence[float]  # bytes/s in each second, repeated
    until_s: float = math.inf

    @property
    def trace(self) -> StepTrace:
        return StepTrace(
            times_s=np.arange(len(self.caps), dtype=np.float64),
            values=np.array(self.caps, dtype=np.float64),
            period_s=float(len(self.caps)),
        )


def carried(transfers: Sequence[Transfer], capacity: float) -> tuple[list[Flow], list[float]]:
    """The flows after all is over, and when each was."""
    env = Environment()
    link = SharedLink(env, capacity, 1.0)
    flows: dict[int, Flow] = {}
    ends: dict[int, float] = {}

    def client(i: int, transfer: Transfer):  # type: ignore[no-untyped-def]
        yield env.timeout(transfer.start_s)
        flows[i] = link.begin(transfer.trace, 0.0, transfer.n_bytes)
        if transfer.until_s < math.inf:
            yield flows[i].over | env.timeout(transfer.until_s - env.now)
            flows[i].stop()
        yield flows[i].over
        ends[i] = env.now

    for i, transfer in enumerate(transfers):
        env.process(client(i, transfer))
    env.run()
    assert link.peak_bytes_per_s <= capacity * (1 + 1e-9)
    order = range(len(transfers))
    return [flows[i] for i in order], [ends[i] for i in order]


def fair_rates(caps: Sequence[float], capacity: float) -> list[float]:
    """Max-min fair shares by filling one flow after the other."""
    rates, free = [0.0] * len(caps), capacity
    for n_before, i in enumerate(sorted(range(len(caps)), key=lambda i: caps[i])):
        rates[i] = min(caps[i], free / (len(caps) - n_before))
        free -= rates[i]
    return rates


def brute_force(
    transfers: Sequence[Transfer], capacity: float, until_s: float, dt: float
) -> list[float]:
    """Bytes moved by `until_s`, by moving every flow in small steps."""
    left = [transfer.n_bytes for transfer in transfers]
    for step in range(round(until_s / dt)):
        now_s = (step + 0.5) * dt
        active = [i for i, t in enumerate(transfers) if t.start_s <= now_s and left[i] > 0]
        caps = [transfers[i].caps[int(now_s) % len(transfers[i].caps)] for i in active]
        for i, rate in zip(active, fair_rates(caps, capacity), strict=True):
            left[i] = max(0.0, left[i] - rate * dt)
    return [t.n_bytes - rest for t, rest in zip(transfers, left, strict=True)]


def moved_by(transfers: Sequence[Transfer], capacity: float, until_s: float) -> list[float]:
    """Bytes that the link has moved by an instant, by stopping all of its flows there."""
    env = Environment()
    link = SharedLink(env, capacity, 1.0)
    flows: dict[int, Flow] = {}

    def client(i: int, transfer: Transfer):  # type: ignore[no-untyped-def]
        yield env.timeout(transfer.start_s)
        flows[i] = link.begin(transfer.trace, 0.0, transfer.n_bytes)

    for i, transfer in enumerate(transfers):
        env.process(client(i, transfer))
    env.run(until=until_s)
    order = range(len(transfers))
    return [flows[i].stop() if i in flows else 0.0 for i in order]


def refilled(transfers: Sequence[Transfer], capacity: float) -> list[float]:
    """End times, by sharing anew among all flows at every start, end and whole second."""
    left = [transfer.n_bytes for transfer in transfers]
    ends = [math.nan] * len(transfers)
    now_s = 0.0
    while any(math.isnan(end) for end in ends):
        waiting = [t.start_s for t in transfers if t.start_s > now_s]
        active = [i for i, t in enumerate(transfers) if t.start_s <= now_s and math.isnan(ends[i])]
        caps = [transfers[i].caps[int(now_s) % len(transfers[i].caps)] for i in active]
        rates = dict(zip(active, fair_rates(caps, capacity), strict=True))
        spans_s = [left[i] / rate for i, rate in rates.items() if rate > 0]
        next_s = min([math.floor(now_s) + 1.0, *waiting, *(now_s + span for span in spans_s)])
        for i, rate in rates.items():
            left[i] -= rate * (next_s - now_s)
            if left[i] <= 1e-7:
                ends[i] = next_s
        now_s = next_s
    return ends


def alone(begin_s: float, n_bytes: float, *, step_s: float, offset_s: float) -> tuple[float, float]:
    """When a flow begins to move and ends, alone on a link of 100 bytes/s, on 10, 30, 50 bytes/s
    for a second each; its bytes are those that the link carried."""
    env = Environment()
    link = SharedLink(env, 100.0, step_s)
    trace = Transfer(0.0, 0.0, (10.0, 30.0, 50.0)).trace
    told: list[float] = []

    def client():  # type: ignore[no-untyped-def]
        yield env.timeout(begin_s)
        flow = link.begin(trace, offset_s, n_bytes)
        assert flow.moved == 0.0
        yield flow.over
        told.append(env.now - begin_s)

    env.process(client())  # type: ignore[no-untyped-call]
    env.run()
    return told[0], link.carried_bytes


def test_a_flow_meets_its_trace_at_its_offset_and_in_steps_from_now() -> None:
    assert alone(0.0, 30.0, step_s=1.0, offset_s=1.0) == pytest.approx((1.0, 30.0))
    assert alone(2.0, 10.0, step_s=1.0, offset_s=1.0) == pytest.approx((1.0, 10.0))
    assert alone(0.5, 5.0, step_s=0.5, offset_s=0.0) == pytest.approx((0.5, 5.0))
    assert alone(1.0, 45.0, step_s=0.5, offset_s=0.0) == pytest.approx((1.3, 45.0))


def test_two_equal_flows_share_the_capacity() -> None:
    _, ends = carried([Transfer(0, 100, [90]), Transfer(0, 50, [90])], 100)
    assert ends == pytest.approx([1.0 + 50 / 90, 1.0])  # 50 each; then 90 alone, its cap


def test_what_a_slow_flow_leaves_goes_to_the_others() -> None:
    flows, ends = carried(
        [Transfer(0, 30, [10]), Transfer(0, 90, [80]), Transfer(0, 90, [80])], 100
    )
    assert ends == pytest.approx([3.0, 2.0, 2.0])  # 10, 45, 45
    assert [flow.moved for flow in flows] == [30, 90, 90]


def test_a_newcomer_takes_its_share_from_then_on() -> None:
    _, ends = carried([Transfer(0, 100, [100]), Transfer(0.5, 25, [100])], 100)
    assert ends == pytest.approx([1.25, 1.0])


def test_processor_sharing_when_only_the_capacity_binds() -> None:
    # n equal flows of b bytes, all together: all end at n b / C, whatever n.
    for n in (1, 2, 7):
        _, ends = carried([Transfer(0, 10, [1e9])] * n, 10)
        assert ends == pytest.approx([float(n)] * n)


def test_without_a_binding_capacity_every_flow_has_its_own_trace() -> None:
    transfers = [Transfer(0.25 * i, 100 + i, [40, 0, 70, 10 * i]) for i in range(5)]
    _, ends = carried(transfers, 1e6)
    alone = [t.start_s + t.trace.time_to_accumulate(t.start_s, t.n_bytes) for t in transfers]
    assert ends == pytest.approx(alone, rel=1e-9)


def test_a_flow_that_its_client_stops_has_moved_a_part() -> None:
    flows, ends = carried([Transfer(0, 100, [50], until_s=1.5), Transfer(0, 100, [50])], 50)
    assert ends == pytest.approx([1.5, 1.5 + 62.5 / 50])
    assert flows[0].moved == pytest.approx(37.5)


def test_a_flow_that_leaves_has_moved_its_bytes_and_frees_its_share() -> None:
    env = Environment()
    link = SharedLink(env, 100.0, 1.0)
    staying = link.begin(constant(100), 0.0, 100)
    leaving = link.begin(constant(100), 0.0, 100)
    env.run(until=0.5)
    assert leaving.stop() == pytest.approx(25)
    assert leaving.stop() == pytest.approx(25)
    env.run(until=staying.over)
    assert env.now == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("caps", "peak"),
    [
        ((10, 20), 30),  # both at their caps: the rest of 100 is not used
        ((10, 200), 100),  # one at its cap, the other has what is left
        ((80, 80), 100),  # 50 each
    ],
)
def test_the_peak_is_what_the_flows_move_together(caps: tuple[int, int], peak: float) -> None:
    env = Environment()
    link = SharedLink(env, 100.0, 1.0)
    for cap in caps:
        link.begin(constant(cap), 0.0, 60)
    env.run()
    assert link.peak_bytes_per_s == pytest.approx(peak)
    assert link.carried_bytes == pytest.approx(120)


def test_a_flow_on_a_link_of_less_than_a_byte_per_second_keeps_to_its_cap() -> None:
    _, ends = carried([Transfer(0, 0.125, [0.25])], 0.5)
    assert ends == pytest.approx([0.5])


def test_the_load_of_a_flow_that_has_left_is_not_in_the_peak() -> None:
    # 40 until 0.5 s; then 70 from 0.75 s on. Never 110.
    env = Environment()
    link = SharedLink(env, 200.0, 1.0)
    link.begin(constant(40), 0.0, 20)
    env.run(until=0.75)
    link.begin(constant(70), 0.0, 7)
    env.run()
    assert link.peak_bytes_per_s == pytest.approx(70)


@pytest.mark.parametrize(("n_flows", "most_events"), [(1, 2), (50, 53)])
def test_flows_that_begin_together_are_shared_once(n_flows: int, most_events: int) -> None:
    """One event for each end, one to wake up, and, for several, the shares at the beginning and
    at the end."""
    env = Environment()
    link = SharedLink(env, 100.0, 1e6)
    for _ in range(n_flows):
        link.begin(constant(1e9), 0.0, 10)
    n_events = 0
    while env.peek() < math.inf:
        env.step()
        n_events += 1
    assert n_events <= most_events


def test_no_bytes_take_no_time() -> None:
    _, ends = carried([Transfer(1, 0, [5]), Transfer(0, 10, [5])], 5)
    assert ends == [1, 2]


# On a grid of 1/16 s, so that the brute force meets every start and step exactly.
a_transfer = st.builds(
    Transfer,
    start_s=st.integers(0, 64).map(lambda n: n / 16),
    n_bytes=st.integers(1, 400).map(float),
    caps=st.lists(st.sampled_from([0.0, 7.0, 20.0, 55.0, 130.0]), min_size=1, max_size=4).filter(
        lambda caps: sum(caps) > 0
    ),
)


@settings(max_examples=40)
@given(
    transfers=st.lists(a_transfer, min_size=1, max_size=7),
    capacity=st.sampled_from([30, 100]),
    until_s=st.integers(1, 40 * 16).map(lambda n: n / 16),
)
def test_any_world_agrees_with_small_steps(
    transfers: list[Transfer], capacity: float, until_s: float
) -> None:
    dt = 1 / 128
    # Bytes, not instants: a rounded end just before an outage would cost a whole outage. Each end
    # is rounded by one step at most, and moves what the others get by as much.
    tolerance_bytes = capacity * dt * len(transfers)
    expected = brute_force(transfers, capacity, until_s, dt)
    assert moved_by(transfers, capacity, until_s) == pytest.approx(expected, abs=tolerance_bytes)


@settings(max_examples=150)
@given(transfers=st.lists(a_transfer, min_size=1, max_size=7), capacity=st.sampled_from([30, 100]))
def test_any_world_agrees_with_sharing_anew_at_every_event(
    transfers: list[Transfer], capacity: float
) -> None:
    flows, ends = carried(transfers, capacity)
    assert [flow.moved for flow in flows] == [transfer.n_bytes for transfer in transfers]
    assert ends == pytest.approx(refilled(transfers, capacity), abs=1e-6)


@settings(max_examples=60)
@given(transfers=st.lists(a_transfer, min_size=1, max_size=7), capacity=st.sampled_from([30, 100]))
def test_a_world_half_a_year_later_is_the_same(transfers: list[Transfer], capacity: float) -> None:
    later_s = 12.0 * 2**20  # a multiple of every trace's period
    moved = [replace(one, start_s=one.start_s + later_s) for one in transfers]
    _, ends = carried(moved, capacity)
    expected = refilled(transfers, capacity)
    assert [end_s - later_s for end_s in ends] == pytest.approx(expected, abs=1e-4)


@settings(max_examples=60)
@given(transfers=st.lists(a_transfer, min_size=1, max_size=12))
def test_the_bytes_are_conserved_to_the_last(transfers: list[Transfer]) -> None:
    """All is through no sooner than the capacity allows, and at the instant it does if busy."""
    capacity = 50.0
    _, ends = carried(transfers, capacity)
    total = sum(transfer.n_bytes for transfer in transfers)
    first = min(transfer.start_s for transfer in transfers)
    assert max(ends) >= first + total / capacity - 1e-9
    for transfer, end_s in zip(transfers, ends, strict=True):
        alone_s = transfer.trace.time_to_accumulate(transfer.start_s, transfer.n_bytes)
        assert end_s >= transfer.start_s + alone_s - 1e-9 or len(transfer.caps) > 1
