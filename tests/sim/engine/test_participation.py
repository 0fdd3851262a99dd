"""A client's part in a round by hand: 10 bytes at 5 bytes/s, 3 s of computing, 20 bytes at 10."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Environment

from learner.batch_order import batch_order
from learner.plan import Part
from learner.spec import Adapter, Shard, StateRef
from sim.cost.step_price import StepPrice
from sim.engine.client_job import COMPUTE, DOWN, UP, WAIT, ClientJob
from sim.engine.context import Context
from sim.engine.job_account import JobAccount
from sim.engine.participation import participate, run_job
from sim.engine.training_steps import TrainingSteps
from sim.fleet.activation_cache import ActivationCache
from sim.fleet.availability import ClientAvailability
from sim.fleet.client import Client
from sim.fleet.device import Device
from sim.fleet.link import Link, OneWay
from sim.fleet.shared_link import SharedLink
from sim.fleet.transport import SlowStart
from traces.availability import always, from_windows
from traces.profiles import device_profile
from traces.step import StepTrace, TraceEnded, constant

CONFIG = Adapter(depth=1, width=8)


def started(**changes: Any) -> tuple[Environment, ClientJob, list[float]]:
    """A job under way from second 0, and the instants of its reports.

    The client is always available unless `windows` (of a period of 100 s) say otherwise.
    """
    given: dict[str, Any] = {
        "windows": None,
        "end_rule": "loop",
        "when_offline": "drop",
        "down": OneWay(constant(5.0)),
        "up": OneWay(constant(10.0)),
        "amounts": (10.0, 3.0, 20.0),
        "dropout_stage": 3,
        "env": None,
        "most_in_vain": math.inf,
    }
    given |= changes
    make = partial(from_windows, given["windows"], 100.0, given["end_rule"])
    availability = ClientAvailability(make if given["windows"] else always)
    env = given["env"] or Environment()
    availability.is_available(0.0)
    device = Device(device_profile("jetson-tx2"))
    client = Client(
        shard=Shard(client_id=7, n_samples=4, digest="shard"),
        device=device,
        link=Link(given["down"], given["up"]),
        n_batches=1,
        availability=availability,
    )
    price = StepPrice(1, 11, plain_s=1.5, hit_s=1.0, miss_s=1.5, has_cache=True)
    cache = client.cache = ActivationCache(4)
    draw = partial(batch_order, 0, 4, 2, 2)
    steps = TrainingSteps(cache, price, n_steps=2, batch_size=2, draw=draw, factor=1.0)
    context = Context(
        env=env, when_offline=given["when_offline"], most_in_vain=given["most_in_vain"]
    )
    job = ClientJob(
        context,
        client,
        Part(config=CONFIG),
        part_no=0,
        n_batches=2,
        amounts=given["amounts"],
        cache="fill",
        steps=steps,
        dropout_stage=given["dropout_stage"],
        base=StateRef("base"),
        version=0,
        repeat=0,
    )
    reports: list[float] = []
    job.process = env.process(run_job(job, participate, lambda _: reports.append(env.now)))
    return env, job, reports


def stored(job: ClientJob) -> int:
    assert job.client.cache is not None
    return job.client.cache.n_stored


def near(*interval: Any) -> Any:
    """An interval whose instants may miss by the slack of an end of availability."""
    return tuple(pytest.approx(x, abs=1e-9) if isinstance(x, float) else x for x in interval)


def interrupt_at(env: Environment, job: ClientJob, at_s: float) -> Any:
    yield env.timeout(at_s)
    if job.process.is_alive:
        job.process.interrupt("round over")


def test_undisturbed_work_is_three_intervals_and_one_report() -> None:
    env, job, reports = started()
    env.run()
    assert job.intervals == [
        (DOWN, 0.0, 2.0, 10.0, "done"),
        (COMPUTE, 2.0, 5.0, 3.0, "done"),
        (UP, 5.0, 7.0, 20.0, "done"),
    ]
    assert (job.outcome, job.stage, reports) == ("done", 3, [7.0])
    assert (job.client.has_model, stored(job)) == (True, 4)


def test_a_client_that_goes_offline_is_lost_with_what_it_has_done() -> None:
    env, job, reports = started(windows=[(0, 4)])
    env.run()
    assert job.intervals[1:] == [near(COMPUTE, 2.0, 4.0, 2.0, "away")]
    assert (job.outcome, job.stage) == ("lost", 1)
    assert reports == pytest.approx([4.0])
    assert (job.client.has_model, stored(job)) == (True, 2)  # one step of two had ended


@pytest.mark.parametrize(("rule", "left"), [("pause", 1.0), ("restart", 2.5)])
def test_a_client_that_returns_continues_by_the_rule(rule: str, left: float) -> None:
    env, job, reports = started(windows=[(0, 4), (9, 50)], when_offline=rule)
    env.run()
    assert job.intervals[1:] == [
        near(COMPUTE, 2.0, 4.0, 2.0, "away"),
        near(WAIT, 4.0, 9.0, 0.0, "done"),
        near(COMPUTE, 9.0, 9.0 + left, left, "done"),
        near(UP, 9.0 + left, 11.0 + left, 20.0, "done"),
    ]
    assert reports == [pytest.approx(11.0 + left)]
    repeated = JobAccount(job, env.now).repeated
    assert (repeated is None) == (rule == "pause")
    for kind in repeated or ():
        assert kind == pytest.approx([0.0, 2.0, 0.0])


def test_a_client_that_never_returns_is_lost() -> None:
    env, job, reports = started(windows=[(0, 4)], end_rule="hold", when_offline="pause")
    env.run()
    assert job.outcome == "lost"
    assert reports == pytest.approx([4.0])


def test_a_stage_that_ends_with_the_window_is_done() -> None:
    env, job, _ = started(windows=[(0, 5), (9, 50)], when_offline="pause")
    env.run()
    assert job.intervals[1] == (COMPUTE, 2.0, 5.0, 3.0, "done")
    assert job.intervals[2] == near(UP, 5.0, 5.0, 0.0, "away")
    assert job.intervals[-1] == near(UP, 9.0, 11.0, 20.0, "done")


def test_a_dropout_loses_the_client_at_its_point() -> None:
    env, job, reports = started(dropout_stage=UP, amounts=(10.0, 3.0, 5.0))
    env.run()
    assert job.intervals[-1] == (UP, 5.0, 5.5, 5.0, "done")
    assert (job.outcome, job.stage, reports) == ("lost", 2, [5.5])


@pytest.mark.parametrize(
    ("at_s", "last", "stage"),
    [
        (1.5, (DOWN, 0.0, 1.5, 7.5, "cut"), 0),
        (3.0, (COMPUTE, 2.0, 3.0, 1.0, "cut"), 1),
        (6.0, (UP, 5.0, 6.0, 10.0, "cut"), 2),
    ],
)
def test_the_end_of_its_round_stops_a_client_without_a_report(
    at_s: float, last: tuple[Any, ...], stage: int
) -> None:
    env, job, reports = started()
    env.process(interrupt_at(env, job, at_s))
    env.run()
    assert job.intervals[-1] == last
    assert (job.outcome, job.stage, reports) == ("open", stage, [])
    assert sum(JobAccount(job, 8.0).seconds) == pytest.approx(8.0)


def test_the_end_of_its_round_finds_a_client_waiting() -> None:
    env, job, reports = started(windows=[(0, 4), (9, 50)], when_offline="pause")
    env.process(interrupt_at(env, job, 6.0))
    env.run()
    assert job.intervals[-1] == near(WAIT, 4.0, 6.0, 0.0, "cut")
    assert reports == []


def test_a_transfer_on_the_servers_link_stops_when_the_client_goes_offline() -> None:
    env = Environment()
    link = SharedLink(env, 4.0, 1.0)
    down = OneWay(constant(5.0), latency_s=0.5, server=link)
    _, job, _ = started(env=env, down=down, windows=[(0, 2), (9, 50)], when_offline="pause")
    env.run()
    assert job.intervals[:3] == [
        near(DOWN, 0.0, 2.0, 6.0, "away"),
        near(WAIT, 2.0, 9.0, 0.0, "done"),
        near(DOWN, 9.0, 10.5, 4.0, "done"),
    ]
    assert link.carried_bytes == pytest.approx(10.0)


def test_the_latency_of_the_servers_link_moves_no_bytes() -> None:
    env = Environment()
    down = OneWay(constant(5.0), latency_s=3.0, server=SharedLink(env, 4.0, 1.0))
    _, job, _ = started(env=env, down=down)
    env.process(interrupt_at(env, job, 2.0))
    env.run()
    assert job.intervals == [(DOWN, 0.0, 2.0, 0.0, "cut")]


@pytest.mark.parametrize(
    ("windows", "place"), [(None, UP), ([(0, 60)], WAIT)], ids=["always there", "comes and goes"]
)
def test_a_dead_link_stalls_the_client(windows: Any, place: int) -> None:
    env, job, reports = started(
        up=OneWay(constant(0.0)), windows=windows, end_rule="loop", when_offline="pause"
    )
    env.process(interrupt_at(env, job, 8.0))
    env.run(until=7.0)
    assert job.context.stalled == {7: "up"}
    env.run()
    assert job.context.stalled == {}
    assert job.intervals[-1] == (place, 5.0, 8.0, 0.0, "cut")
    assert reports == []


SLOW_START = SlowStart(first_window_bytes=1, lead_round_trips=0.0)


@pytest.mark.parametrize(
    ("changes", "rule", "stage"),
    [
        ({"down": OneWay(constant(5.0), latency_s=4.0)}, "pause", "down"),
        ({"down": OneWay(constant(5.0), latency_s=4.0)}, "restart", "down"),
        ({"down": OneWay(constant(5.0), latency_s=8.0, slow_start=SLOW_START)}, "pause", "down"),
        ({"down": OneWay(constant(5.0), latency_s=4.0), "amounts": (0, 3, 20)}, "pause", "down"),
        ({"amounts": (10.0, 1.0, 50.0)}, "restart", "up"),
    ],
    ids=["latency, pause", "latency, restart", "TCP, pause", "no bytes, pause", "upload, restart"],
)
def test_a_stage_that_no_window_is_long_enough_for_is_given_up(
    changes: dict[str, Any], rule: str, stage: str
) -> None:
    # Windows of 3 s begin at 0, 10, 20, ... and have an attempt each.
    env, job, reports = started(
        windows=[(10 * k, 10 * k + 3) for k in range(10)],
        when_offline=rule,
        most_in_vain=3,
        **changes,
    )
    env.process(interrupt_at(env, job, 60.0))
    env.run(until=50.0)
    assert job.context.stalled == {7: stage}
    env.run()
    assert [status for *_, status in job.intervals].count("away") == 3
    assert job.intervals[-1] == near(WAIT, 30.0, 60.0, 0.0, "cut")
    assert (job.context.stalled, reports) == ({}, [])


def test_attempts_that_move_something_are_not_in_vain() -> None:
    # 3 bytes a window of 1 s, of which the latency takes 0.4: 10 bytes need four windows.
    env, job, _ = started(
        windows=[(10 * k, 10 * k + 1) for k in range(10)],
        when_offline="pause",
        most_in_vain=1,
        down=OneWay(constant(5.0), latency_s=0.4),
        amounts=(10.0, 0.0, 0.0),
    )
    env.run()
    assert [amount for _, _, _, amount, status in job.intervals if status == "away"] == (
        pytest.approx([3.0, 3.0, 3.0])
    )
    assert (job.outcome, job.context.stalled) == ("done", {})


def test_a_client_is_absent_even_where_its_stage_ends_with_its_availability() -> None:
    # The flow is through up to the last places at the instant at which the client goes offline.
    env = Environment()
    down = OneWay(constant(5.0), server=SharedLink(env, 5.0, 1.0))
    _, job, reports = started(env=env, down=down, windows=[(0, 2), (9, 50)], when_offline="pause")
    env.run()
    assert job.intervals[0] == near(DOWN, 0.0, 2.0, 10.0, "done")
    assert job.intervals[-2:] == [
        near(COMPUTE, 9.0, 12.0, 3.0, "done"),
        near(UP, 12.0, 14.0, 20.0, "done"),
    ]
    assert reports == pytest.approx([14.0])


def test_an_absence_during_the_latency_of_an_empty_transfer_is_an_absence() -> None:
    env = Environment()
    down = OneWay(constant(5.0), latency_s=3.0, server=SharedLink(env, 5.0, 1.0))
    _, job, _ = started(
        env=env,
        down=down,
        amounts=(0.0, 3.0, 20.0),
        windows=[(0, 2), (9, 50)],
        when_offline="pause",
    )
    env.run()
    assert job.intervals[:3] == [
        near(DOWN, 0.0, 2.0, 0.0, "away"),
        near(WAIT, 2.0, 9.0, 0.0, "done"),
        near(DOWN, 9.0, 12.0, 0.0, "done"),
    ]


def test_a_deeper_cache_is_kept_by_a_shallower_job() -> None:
    env, job, _ = started()
    env.run(until=1.0)
    assert job.client.cache is not None
    job.client.cache.store(4)
    env.run()
    assert job.client.cache.depths == 4


def test_a_trace_that_ends_is_an_error_at_the_instant_that_asks_beyond_it() -> None:
    short = StepTrace(times_s=np.zeros(1), values=np.ones(1), period_s=6.0, end_rule="error")
    env, _, _ = started(up=OneWay(short))
    with pytest.raises(TraceEnded):
        env.run()
    assert env.now == 5.0


@given(
    cut_s=st.floats(0, 60),
    on_s=st.floats(3, 60),
    rates=st.lists(st.sampled_from([0.0, 2.0, 9.0]), min_size=1, max_size=5).filter(any),
    rule=st.sampled_from(["drop", "pause", "restart"]),
)
def test_intervals_follow_on_one_another_and_an_interrupt_only_shortens(
    cut_s: float, on_s: float, rates: list[float], rule: str
) -> None:
    times_s = np.arange(len(rates), dtype=np.float64)
    link = OneWay(StepTrace(times_s=times_s, values=np.array(rates), period_s=float(len(rates))))
    told = []
    for at_s in (400.0, cut_s):
        env, job, _ = started(windows=[(0, on_s)], when_offline=rule, down=link, up=link)
        env.process(interrupt_at(env, job, at_s))
        env.run(until=500.0)
        instants = [0.0, *(end_s for _, _, end_s, _, _ in job.intervals)]
        assert [start_s for _, start_s, _, _, _ in job.intervals] == instants[:-1]
        assert instants == sorted(instants)
        for place, start_s, end_s, amount, _ in job.intervals:
            if place in (DOWN, UP):
                carried = link.done_by(start_s, end_s)
                assert amount == pytest.approx(carried, rel=1e-6, abs=1e-6)
        told.append(job.intervals)
    whole, cut = told
    n_common = len(cut) if len(cut) < len(whole) and cut == whole[: len(cut)] else len(cut) - 1
    assert cut[:n_common] == whole[:n_common]
    assert not cut or cut[-1][2] <= max(cut_s, 0.0) or cut == whole
    assert not math.isnan(instants[-1])
