"""Selection policies, one by one, as pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learner.spec import Feedback
from sim.selection import History, Offer, Selection, Uniform
from sim.selection.available import Available
from sim.selection.fedcs import FedCs
from sim.selection.oort import Oort
from sim.selection.power_of_choice import PowerOfChoice
from sim.selection.tifl import TiFL
from sim.streams import Streams

Make = Callable[..., Offer]
SECONDS = np.arange(1, 11, dtype=np.float64)

POLICIES: list[Selection] = [
    Uniform(),
    Available(kind="available"),
    FedCs(kind="fedcs", deadline_s=100.0),
    TiFL(kind="tifl", tiers=2),
    PowerOfChoice(kind="power-of-choice"),
    Oort(kind="oort"),
]


def tell(history: History, losses: Mapping[int, float], round_no: int = 1) -> None:
    """These clients were called, trained for 1 s each and reported these losses."""
    ids = sorted(losses)
    history.note_selection(ids)
    history.note_updates(round_no, ids, [1.0] * len(ids))
    told = [Feedback(mean_loss=losses[i], rms_loss=losses[i]) for i in ids]
    history.note_feedback(ids, told, np.full(10, 10))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
def test_every_policy_takes_different_clients_who_are_there(
    policy: Selection, offer: Make, history: History
) -> None:
    for round_no in range(20):
        chosen = policy.choose(offer(away=(2, 5), round=round_no), 3, history)
        assert len(set(chosen)) == len(chosen) == 3
        assert not set(chosen) & {2, 5}
        tell(history, {i: 1.0 + i for i in chosen}, round_no + 1)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
def test_every_policy_takes_whoever_is_left_and_nobody_from_nobody(
    policy: Selection, offer: Make, history: History
) -> None:
    away = set(range(10)) - {4, 7}
    assert sorted(policy.choose(offer(away=away), 3, history)) == [4, 7]
    assert policy.choose(offer(away=range(10)), 3, history) == []


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
def test_a_call_again_draws_anew(policy: Selection, offer: Make, history: History) -> None:
    if isinstance(policy, FedCs):
        policy = FedCs(kind="fedcs", deadline_s=100.0, candidates=1.0)
    first = [tuple(policy.choose(offer(round=r), 4, history)) for r in range(8)]
    again = [tuple(policy.choose(offer(round=r, attempt=1), 4, history)) for r in range(8)]
    assert first == [tuple(policy.choose(offer(round=r), 4, history)) for r in range(8)]
    assert first != again


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_a_uniform_cohort_is_the_smallest_draws(offer: Make, seed: int, n: int) -> None:
    draws = Streams(seed).uniform("cohort", 3, ids=range(10))
    chosen = Uniform().choose(offer(streams=Streams(seed), round=3), n, History.of(10))
    assert chosen == np.argsort(draws)[:n].tolist()


@given(st.integers(0, 2**40), st.integers(0, 299), st.sampled_from([30, 300]))
def test_a_client_that_is_never_picked_changes_no_uniform_cohort(
    offer: Make, seed: int, absent: int, n_clients: int
) -> None:
    def cohort(ids: NDArray[np.int64]) -> list[int]:
        call = offer(streams=Streams(seed), round=4, pool=ids)
        return Uniform().choose(call, 10, History.of(n_clients))

    everybody = np.arange(n_clients)
    picked = cohort(everybody)
    if absent not in picked:
        assert cohort(everybody[everybody != absent]) == picked


def test_who_stays_long_enough_comes_first(offer: Make, history: History) -> None:
    # Clients 0, 1 and 2 are there for 3.5 s and need 1, 2 and 3; the others leave too early.
    next_absence_s = {i: 3.5 if i < 3 else i - 2.0 for i in range(10)}.__getitem__
    chosen = Available(kind="available").choose(offer(next_absence_s=next_absence_s), 5, history)
    assert sorted(chosen[:3]) == [0, 1, 2]
    assert chosen[3:] == [9, 8]  # then the longest to stay
    strict = Available(kind="available", margin=2.0).choose(
        offer(next_absence_s=next_absence_s), 1, history
    )
    assert strict == [0]  # the only one to stay for twice its second


def test_fedcs_takes_as_many_as_make_the_deadline_fastest_first(
    offer: Make, history: History
) -> None:
    policy = FedCs(kind="fedcs", deadline_s=4.0, candidates=10.0)
    assert policy.choose(offer(), 6, history) == [0, 1, 2, 3]
    assert policy.choose(offer(), 2, history) == [0, 1]
    asked = FedCs(kind="fedcs", deadline_s=4.0, candidates=1.0).choose(offer(), 6, history)
    assert set(asked) <= set(Uniform().choose(offer(), 6, history))
    late = FedCs(kind="fedcs", deadline_s=0.5, candidates=10.0)
    assert late.choose(offer(), 6, history) == [0]  # a round must begin with somebody


def test_a_tifl_round_is_of_one_tier_and_credits_run_out(offer: Make, history: History) -> None:
    policy = TiFL(kind="tifl", tiers=2, credits=3)
    tiers = []
    for round_no in range(6):
        chosen = policy.choose(offer(round=round_no), 2, history)
        history.note_selection(chosen)
        tiers.append({i // 5 for i in chosen})
    assert Counter(map(tuple, tiers)) == {(0,): 3, (1,): 3}
    assert len({i // 5 for i in policy.choose(offer(round=6), 2, history)}) == 1  # goes on


def test_a_tier_without_enough_clients_is_not_drawn(offer: Make, history: History) -> None:
    policy = TiFL(kind="tifl", tiers=2)
    for round_no in range(10):
        chosen = policy.choose(offer(away=(0, 1, 2, 3), round=round_no), 3, history)
        assert min(chosen) >= 5
    everybody = policy.choose(offer(away=(0, 1, 2, 7, 8, 9)), 3, history)
    assert len(everybody) == 3  # neither tier has three: all are one


def test_power_of_choice_takes_the_highest_losses_of_its_candidates(
    offer: Make, history: History
) -> None:
    tell(history, {i: float(i) for i in range(10)})
    everybody = PowerOfChoice(kind="power-of-choice", candidates=5.0)
    assert everybody.choose(offer(), 2, history) == [9, 8]
    history.mean_loss[3] = np.nan
    assert everybody.choose(offer(), 2, history) == [3, 9]  # who never told comes first


def test_power_of_choice_asks_large_clients_more_often(offer: Make, history: History) -> None:
    samples = np.where(np.arange(10) == 4, 1000, 1)
    policy = PowerOfChoice(kind="power-of-choice", candidates=1.0)
    asked = [policy.choose(offer(samples=lambda: samples, round=r), 1, history) for r in range(30)]
    assert sum(chosen == [4] for chosen in asked) > 25


def test_oort_prefers_fast_clients_with_a_high_loss(offer: Make, history: History) -> None:
    tell(history, {0: 4.0, 1: 1.0, 8: 4.0, 9: 1.0})
    history.duration_s[:] = SECONDS
    policy = Oort(kind="oort")
    ids = np.array([0, 1, 8, 9])
    preferred_s = policy.preferred_s(SECONDS, [])
    assert preferred_s == pytest.approx(3.7)  # the 0.3 quantile of 1 to 10 s
    utility = policy.utility(offer(round=0), ids, preferred_s, history)  # the first: no doubt
    # samples x loss over the cap of 40; the slow times (3.7 / 9)^2 and (3.7 / 10)^2
    assert utility == pytest.approx([1.0, 0.25, (3.7 / 9) ** 2, 0.25 * 0.37**2])


def test_oort_wonders_about_clients_it_has_not_heard_of_for_long(
    offer: Make, history: History
) -> None:
    tell(history, {0: 1.0}, round_no=1)
    tell(history, {1: 1.0}, round_no=4)
    ids = np.array([0, 1])
    utility = Oort(kind="oort").utility(offer(round=4), ids, 10.0, history)  # the fifth round
    assert utility == pytest.approx(
        [1 + (0.1 * np.log(5)) ** 0.5, 1 + (0.1 * np.log(5) / 4) ** 0.5]
    )


def test_oort_takes_slow_clients_once_its_pacer_has_relaxed(offer: Make, history: History) -> None:
    tell(history, {i: 1.0 if i < 5 else 3.0 for i in range(10)})
    history.duration_s[:] = SECONDS
    policy = Oort(kind="oort", exploration=0.0, least_exploration=0.0, pacer_rounds=2)
    eager = policy.choose(offer(round=9), 3, history)
    assert max(eager) < 6
    history.utilities[:] = [float(60 - i) for i in range(60)]  # ever less: the pacer gives time
    patient = policy.choose(offer(round=9), 3, history)
    assert min(patient) >= 5
    assert policy.preferred_s(SECONDS, history.utilities) == 10.0
    growing = [float(i) for i in range(60)]
    assert policy.preferred_s(SECONDS, growing) == policy.preferred_s(SECONDS, [])


def test_oort_explores_new_clients_less_and_less(offer: Make, history: History) -> None:
    tell(history, dict.fromkeys(range(5), 1.0))
    policy = Oort(kind="oort")
    n_new = [
        sum(i >= 5 for i in policy.choose(offer(round=r), 5, history)) for r in (0, 30, 60, 200)
    ]
    assert n_new == [round(share * 5) for share in (0.9, 0.9 * 0.98**30, 0.9 * 0.98**60, 0.2)]


def test_oort_calls_nobody_too_often(offer: Make, history: History) -> None:
    policy = Oort(kind="oort", blacklist_after=2, least_exploration=0.0)
    history.n_selected[:] = [2, 2, 2, 2, 2, 1, 1, 1, 1, 1]
    assert min(policy.choose(offer(), 5, history)) >= 5
    history.n_selected[:] = 2
    assert len(policy.choose(offer(), 5, history)) == 5  # too few are left: everybody again


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: FedCs(kind="fedcs", deadline_s=0.0), "deadline_s must be above 0, got 0.0"),
        (lambda: TiFL(kind="tifl", tiers=0), "tiers must be at least 1, got 0"),
        (lambda: Oort(kind="oort", clip=1.5), "clip must be between 0 and 1, got 1.5"),
        (
            lambda: PowerOfChoice(kind="power-of-choice", candidates=0.5),
            "candidates must be at least 1, got 0.5",
        ),
        (lambda: Available(kind="available", margin=0.0), "margin must be above 0, got 0.0"),
    ],
)
def test_policies_refuse_values_that_cannot_work(make: Callable[[], object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        make()
