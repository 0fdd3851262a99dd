"""Who trains what in a plan, who has the memory for it, and what a round costs, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learner.plan import Part, Shares, Tiers
from learner.spec import Adapter, Full, Lora
from sim.cost.eligibility import IneligibleDevice, needed_config
from sim.cost.estimate import expected_job, expected_nth_s, sampled_s
from sim.fleet.link import Link, OneWay
from sim.scenario.scenario import Exchange, Rounds
from tests.sim.cost.by_hand import (
    LARGE,
    N_LAYERS,
    PI,
    SMALL,
    TX2,
    Whole,
    clients,
    costs_of,
    plan_costs,
)
from traces.step import StepTrace, constant


def test_the_slowest_of_some_is_the_mean_over_all_choices() -> None:
    seconds = np.array([3.0, 1.0, 2.0])
    assert expected_nth_s(seconds, 1, 1) == pytest.approx(2.0)
    assert expected_nth_s(seconds, 2, 2) == pytest.approx((2 + 3 + 3) / 3)
    assert expected_nth_s(seconds, 3, 3) == pytest.approx(3.0)


def test_the_cost_of_a_round_is_over_all_clients() -> None:
    found = plan_costs(TX2, PI, PI, speed=2).round_cost(SMALL)
    # 20 s down, 40 s up; 3 steps of 1 s (TX2) or 2 s
    assert found.by_device == {TX2.name: 63.0, PI.name: 66.0}
    assert (found.seconds, found.bytes) == (65.0, 4000.0)
    assert found.cohort_s == pytest.approx(66.0)
    assert found.joules == pytest.approx((2 * 3 + 180 + 2 * (2 * 6 + 180)) / 3)


def test_clients_that_cannot_take_part_count_neither_in_costs_nor_in_shares() -> None:
    alone = plan_costs(TX2, TX2).round_cost(SMALL)
    dead = replace(clients(TX2)[0], link=Link(OneWay(constant(0.0)), OneWay(constant(1.0))))
    own = plan_costs(TX2, replace(PI, memory_bytes=3 * 10**9), TX2, TX2, share=0.6)
    last = replace(dead, shard=own.clients[3].shard)
    own = costs_of([*own.clients[:3], last], share=0.6)
    found = own.round_cost(SMALL)
    assert found == replace(alone, excluded=0.5)
    tiers = own.round_cost(Tiers(parts=(LARGE, SMALL), limit_s=200.0))
    assert (tiers.shares, tiers.excluded) == ((1.0, 0.0), 0.5)


def test_a_client_that_stores_nothing_is_expected_to_run_the_whole_forward_pass() -> None:
    storing, not_storing = clients(TX2, TX2)
    own = [storing, replace(not_storing, cache=None)]
    found = expected_job(Whole(), Exchange(), own, Part(config=SMALL), N_LAYERS)
    assert found.step_s.tolist() == [2.0, 7.0]
    assert found.seconds.tolist() == [60.0 + 3 * 2.0, 60.0 + 3 * 7.0]
    limited = costs_of([*own, *clients(PI)], share=0.5).eligibility
    assert [one.device for one in limited.ineligible(LARGE)] == sorted([PI.name, TX2.name])


def test_a_round_ends_with_the_reports_that_it_wants_or_at_its_deadline() -> None:
    """TX2s take 63 s, Pis 66 s: of three that are asked, two are enough."""
    profiles = [TX2, TX2, PI, PI]
    asked = Rounds(participants=2, overcommit=1.5)
    found = plan_costs(*profiles, speed=2, rounds=asked).round_cost(SMALL)
    assert found.cohort_s == pytest.approx((63 + 63 + 66 + 66) / 4)  # of 4 cohorts
    due = Rounds(participants=2, deadline_s=64.0)
    assert plan_costs(*profiles, speed=2, rounds=due).round_cost(SMALL).cohort_s == pytest.approx(
        (63.0 + 5 * 64.0) / 6
    )
    few = plan_costs(TX2, speed=2, rounds=asked).round_cost(SMALL)
    assert (few.cohort_s, few.round_s) == pytest.approx((63.0, 63.0))


def test_no_more_clients_are_drawn_than_can_take_part() -> None:
    rounds, limited = Rounds(participants=3), replace(PI, memory_bytes=1)
    own = plan_costs(TX2, limited, limited, share=0.9, rounds=rounds)
    trace = StepTrace(times_s=np.array([0.0, 1.0]), values=np.array([190.0, 10.0]), period_s=2.0)
    link = Link(OneWay(trace), OneWay(constant(1e12)))
    own = costs_of([replace(one, link=link) for one in own.clients], share=0.9, rounds=rounds)
    sampled = sampled_s(own.clients[:1], own._job(Part(config=SMALL)))
    assert own.round_cost(SMALL).round_s == pytest.approx(sampled.mean())


def test_links_that_do_not_vary_make_every_round_as_long_as_at_mean_rates() -> None:
    found = plan_costs(TX2, PI, PI, speed=2).round_cost(SMALL)
    assert found.round_s == pytest.approx(found.cohort_s, rel=1e-2)  # drawn from more values
    assert found.shares == (1.0,)


def test_a_plan_tells_which_share_of_the_clients_trains_what() -> None:
    own = plan_costs(TX2, PI, PI, PI, speed=2)
    limit_s = own.expected_s(LARGE)[0]  # of the TX2
    plan = Tiers(parts=(LARGE, SMALL), limit_s=limit_s)
    found = own.round_cost(plan)
    assert found.shares == (0.25, 0.75)
    assert found.round_s == pytest.approx(found.cohort_s, rel=0.05)
    large, small = own.round_cost(LARGE), own.round_cost(SMALL)
    assert small.joules < found.joules < large.joules
    everybody = Tiers(parts=(LARGE, SMALL), limit_s=large.cohort_s)
    assert own.round_cost(everybody).shares == (1.0, 0.0)
    shares = Shares(parts=(SMALL, LARGE), shares=(0.75, 0.25))
    assert own.round_cost(shares).shares == (0.75, 0.25)


def test_a_plan_by_shares_costs_the_mean_of_its_parts() -> None:
    plan = Shares(parts=(SMALL, LARGE), shares=(0.75, 0.25))
    own = plan_costs(TX2)
    small, large = (own.expected_s(one)[0] for one in (SMALL, LARGE))
    assert (small, large) == (66.0, 132.0)
    assert own.expected_s(plan).tolist() == [0.75 * small + 0.25 * large]
    assert own.round_cost(plan).bytes == 0.75 * 4000 + 0.25 * 8000


def test_a_client_trains_the_first_tier_that_it_can_hold_and_finish() -> None:
    plan = Tiers(parts=(LARGE, SMALL), limit_s=131.0)
    own = plan_costs(TX2, PI, speed=2)  # 120 s of transfers; 3 steps of 2 s or 4 s
    assert own.tiers(plan).tolist() == [0, 1]
    assert own.expected_s(plan).tolist() == [126.0, 66.0]
    assert own.tiers(Tiers(parts=(LARGE, SMALL), limit_s=126.0)).tolist() == [0, 1]
    assert own.tiers(Tiers(parts=(LARGE, SMALL))).tolist() == [0, 0]


def test_who_has_time_left_trains_on_more_batches() -> None:
    plan = Tiers(parts=(LARGE, SMALL), limit_s=131.0, most_batches=9)
    own = plan_costs(TX2, PI, speed=2)  # as above: the TX2 has 5 s left for steps of 2 s
    assert all(isinstance(n, int) for n in own.n_batches(plan))
    assert own.n_batches(plan) == [3 + 2, 9]  # and the Pi 65 s for steps of 2 s
    assert own.expected_s(plan).tolist() == [126.0 + 4.0, 66.0 + 12.0]
    assert own.round_cost(plan).joules == pytest.approx(
        (2 * 10 + 3 * 120 + 2 * 18 + 3 * 60) / 2  # 2 W computing, 3 W sending
    )
    assert plan_costs(TX2, speed=2).round_cost(plan).round_s == pytest.approx(130.0)
    assert own.n_batches(replace(plan, most_batches=2)) == [3, 3]  # never less than its own
    assert own.n_batches(replace(plan, most_batches=None)) == [3, 3]
    assert own.n_batches(SMALL) is own.n_batches(LARGE)


def test_who_never_ends_or_has_no_work_trains_on_no_more_batches() -> None:
    plan = Tiers(parts=(SMALL,), limit_s=1e3, most_batches=9)
    dead = replace(clients(PI)[0], link=Link(OneWay(constant(0.0)), OneWay(constant(1.0))))
    idle = replace(clients(PI)[0], n_batches=0)
    own = costs_of([dead, idle])
    assert own.n_batches(plan) == [3, 9]
    assert own.n_batches(replace(plan, limit_s=50.0)) == [3, 0]  # late in any case

    class Free(Whole):
        def compute_s(self, *_: object) -> float:
            return 0.0

    free = costs_of([dead, idle], cost=Free())
    assert free.n_batches(plan) == [3, 0]
    fast = plan_costs(TX2, speed=4)  # 61.5 s with steps of half a second
    assert fast.n_batches(replace(plan, limit_s=62.1)) == [4]


def test_a_device_without_the_memory_is_left_out_and_told() -> None:
    # TX2: 8 GB, Pi: 4 GB; half of it. Depth 4 needs 4 GB with all activations stored
    costs = plan_costs(PI, TX2, PI, share=0.5)
    own = costs.eligibility
    told = IneligibleDevice(
        device=PI.name, needed_bytes=4 * 10**9, limit_bytes=2 * 10**9, n_clients=2
    )
    assert own.ineligible(LARGE) == (told,)
    ids = np.array([2, 1])
    assert own.eligible(LARGE, ids).tolist() == [1]
    assert own.eligible(LARGE, ids).dtype == ids.dtype
    assert own.eligible(LARGE, ids[:1][ids[:1] < 0]).dtype == ids.dtype
    assert own.eligible(SMALL, ids) is ids
    assert costs.tiers(Tiers(parts=(LARGE, SMALL))).tolist() == [1, 0, 1]
    unlimited = replace(TX2, name="a device without a limit", memory_bytes=None)
    partly = plan_costs(unlimited, PI, share=0.5).eligibility
    assert partly.ineligible(LARGE) == (replace(told, n_clients=1),)
    none = plan_costs(PI, TX2, share=0.5, misses=True).eligibility  # depth 4 then needs 5 GB
    assert [one.device for one in none.ineligible(LARGE)] == sorted([PI.name, TX2.name])
    assert plan_costs(PI, TX2).eligibility.ineligible(Full()) == ()


def test_the_last_tier_is_what_all_must_be_able_to_hold() -> None:
    middle = Adapter(depth=3, width=8)
    assert needed_config(Tiers(parts=(LARGE, middle, SMALL))) == SMALL
    assert needed_config(Shares(parts=(SMALL, LARGE), shares=(0.5, 0.5))) == LARGE
    assert needed_config(Lora(depth=1, rank=2)) == Lora(depth=1, rank=2)


def test_the_samples_of_all_clients_are_listed_once() -> None:
    own = plan_costs(TX2, PI)
    assert own.n_samples().tolist() == [10, 11]
    assert own.n_samples() is own.n_samples()
