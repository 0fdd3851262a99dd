"""The selection policies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learner.spec import Feedback
from sim.selection import ClientHistory, Selection, SelectionContext, Uniform
from sim.selection.available import Available
from sim.selection.fedcs import FedCs
from sim.selection.oort import Oort
from sim.selection.power_of_choice import PowerOfChoice
from sim.selection.tifl import TiFL
from sim.streams import Streams

Make = Callable[..., SelectionContext]
SECONDS = np.arange(1, 11, dtype=np.float64)

POLICIES: list[Selection] = [
    Uniform(),
    Available(kind="available"),
    FedCs(kind="fedcs", deadline_s=100.0),
    TiFL(kind="tifl", tiers=2),
    PowerOfChoice(kind="power-of-choice"),
    Oort(kind="oort"),
]


def report(history: ClientHistory, losses: Mapping[int, float], round_no: int = 1) -> None:
    """Record that these clients were selected, trained for 1 s and reported these losses."""
    ids = sorted(losses)
    history.record_selection(ids)
    history.record_updates(round_no, ids, [1.0] * len(ids))
    feedback = [Feedback(mean_loss=losses[i], rms_loss=losses[i]) for i in ids]
    history.record_feedback(ids, feedback, np.full(10, 10))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
def test_every_policy_selects_different_available_clients(
    policy: Selection, context: Make, history: ClientHistory
) -> None:
    for round_no in range(20):
        chosen = policy.choose(context(absent=(2, 5), round=round_no), 3, history)
        assert len(set(chosen)) == len(chosen) == 3
        assert not set(chosen) & {2, 5}
        report(history, {i: 1.0 + i for i in chosen}, round_no + 1)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
def test_every_policy_selects_all_if_fewer_than_n_are_available(
    policy: Selection, context: Make, history: ClientHistory
) -> None:
    absent = set(range(10)) - {4, 7}
    assert sorted(policy.choose(context(absent=absent), 3, history)) == [4, 7]
    assert policy.choose(context(absent=range(10)), 3, history) == []


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.kind)
def test_another_attempt_draws_other_clients(
    policy: Selection, context: Make, history: ClientHistory
) -> None:
    if isinstance(policy, FedCs):
        policy = FedCs(kind="fedcs", deadline_s=100.0, candidates=1.0)
    first = [tuple(policy.choose(context(round=r), 4, history)) for r in range(8)]
    again = [tuple(policy.choose(context(round=r, attempt=1), 4, history)) for r in range(8)]
    assert first == [tuple(policy.choose(context(round=r), 4, history)) for r in range(8)]
    assert first != again


@given(st.integers(0, 2**32), st.integers(1, 9))
def test_a_uniform_cohort_is_the_smallest_draws(context: Make, seed: int, n: int) -> None:
    draws = Streams(seed).uniform("cohort", 3, ids=range(10))
    chosen = Uniform().choose(context(streams=Streams(seed), round=3), n, ClientHistory.empty(10))
    assert chosen == np.argsort(draws)[:n].tolist()


@given(st.integers(0, 2**40), st.integers(0, 299), st.sampled_from([30, 300]))
def test_a_client_that_is_not_selected_changes_no_uniform_cohort(
    context: Make, seed: int, absent: int, n_clients: int
) -> None:
    def cohort(ids: NDArray[np.int64]) -> list[int]:
        selection = context(streams=Streams(seed), round=4, pool=ids)
        return Uniform().choose(selection, 10, ClientHistory.empty(n_clients))

    everybody = np.arange(n_clients)
    selected = cohort(everybody)
    if absent not in selected:
        assert cohort(everybody[everybody != absent]) == selected


def test_clients_that_stay_long_enough_come_first(context: Make, history: ClientHistory) -> None:
    # Clients 0, 1 and 2 stay for 3.5 s and need 1, 2 and 3 s; the others leave too early.
    next_absence_s = {i: 3.5 if i < 3 else i - 2.0 for i in range(10)}.__getitem__
    chosen = Available(kind="available").choose(context(next_absence_s=next_absence_s), 5, history)
    assert sorted(chosen[:3]) == [0, 1, 2]
    assert chosen[3:] == [9, 8]  # then those that stay longest
    strict = Available(kind="available", margin=2.0).choose(
        context(next_absence_s=next_absence_s), 1, history
    )
    assert strict == [0]  # only client 0 stays for twice the second that it needs


def test_fedcs_selects_the_clients_that_meet_the_deadline_fastest_first(
    context: Make, history: ClientHistory
) -> None:
    policy = FedCs(kind="fedcs", deadline_s=4.0, candidates=10.0)
    assert policy.choose(context(), 6, history) == [0, 1, 2, 3]
    assert policy.choose(context(), 2, history) == [0, 1]
    few = FedCs(kind="fedcs", deadline_s=4.0, candidates=1.0).choose(context(), 6, history)
    assert set(few) <= set(Uniform().choose(context(), 6, history))
    late = FedCs(kind="fedcs", deadline_s=0.5, candidates=10.0)
    assert late.choose(context(), 6, history) == [0]  # none meets the deadline: the fastest


def test_a_tifl_round_is_of_one_tier_until_credits_run_out(
    context: Make, history: ClientHistory
) -> None:
    policy = TiFL(kind="tifl", tiers=2, credits=3)
    tiers = []
    for round_no in range(6):
        chosen = policy.choose(context(round=round_no), 2, history)
        history.record_selection(chosen)
        tiers.append({i // 5 for i in chosen})
    assert Counter(map(tuple, tiers)) == {(0,): 3, (1,): 3}
    assert (
        len({i // 5 for i in policy.choose(context(round=6), 2, history)}) == 1
    )  # no credits left: they are ignored


def test_a_tier_without_enough_clients_is_not_drawn(context: Make, history: ClientHistory) -> None:
    policy = TiFL(kind="tifl", tiers=2)
    for round_no in range(10):
        chosen = policy.choose(context(absent=(0, 1, 2, 3), round=round_no), 3, history)
        assert min(chosen) >= 5
    everybody = policy.choose(context(absent=(0, 1, 2, 7, 8, 9)), 3, history)
    assert len(everybody) == 3  # neither tier has three clients


def test_power_of_choice_takes_the_highest_losses_of_its_candidates(
    context: Make, history: ClientHistory
) -> None:
    report(history, {i: float(i) for i in range(10)})
    everybody = PowerOfChoice(kind="power-of-choice", candidates=5.0)
    assert everybody.choose(context(), 2, history) == [9, 8]
    history.mean_loss[3] = np.nan
    assert everybody.choose(context(), 2, history) == [
        3,
        9,
    ]  # a client without a report comes first


def test_power_of_choice_draws_large_clients_more_often(
    context: Make, history: ClientHistory
) -> None:
    samples = np.where(np.arange(10) == 4, 1000, 1)
    policy = PowerOfChoice(kind="power-of-choice", candidates=1.0)
    drawn = [
        policy.choose(context(samples=lambda: samples, round=r), 1, history) for r in range(30)
    ]
    assert sum(chosen == [4] for chosen in drawn) > 25


def test_oort_prefers_fast_clients_with_a_high_loss(context: Make, history: ClientHistory) -> None:
    report(history, {0: 4.0, 1: 1.0, 8: 4.0, 9: 1.0})
    history.duration_s[:] = SECONDS
    policy = Oort(kind="oort")
    ids = np.array([0, 1, 8, 9])
    preferred_s = policy.preferred_s(SECONDS, [])
    assert preferred_s == pytest.approx(3.7)  # the 0.3 quantile of 1 to 10 s
    utility = policy.utility(context(round=0), ids, preferred_s, history)  # ln 1 = 0
    # samples x loss / 40, the highest; for the slow clients x (3.7 / 9)^2 and x (3.7 / 10)^2
    assert utility == pytest.approx([1.0, 0.25, (3.7 / 9) ** 2, 0.25 * 0.37**2])


def test_oort_prefers_clients_that_have_not_reported_for_long(
    context: Make, history: ClientHistory
) -> None:
    report(history, {0: 1.0}, round_no=1)
    report(history, {1: 1.0}, round_no=4)
    ids = np.array([0, 1])
    utility = Oort(kind="oort").utility(context(round=4), ids, 10.0, history)  # the fifth round
    assert utility == pytest.approx(
        [1 + (0.1 * np.log(5)) ** 0.5, 1 + (0.1 * np.log(5) / 4) ** 0.5]
    )


def test_oort_selects_slow_clients_after_its_pacer_has_raised_the_duration(
    context: Make, history: ClientHistory
) -> None:
    report(history, {i: 1.0 if i < 5 else 3.0 for i in range(10)})
    history.duration_s[:] = SECONDS
    policy = Oort(kind="oort", exploration=0.0, least_exploration=0.0, pacer_rounds=2)
    fast = policy.choose(context(round=9), 3, history)
    assert max(fast) < 6
    history.utilities[:] = [float(60 - i) for i in range(60)]  # falling, so T rises
    slow = policy.choose(context(round=9), 3, history)
    assert min(slow) >= 5
    assert policy.preferred_s(SECONDS, history.utilities) == 10.0
    rising = [float(i) for i in range(60)]
    assert policy.preferred_s(SECONDS, rising) == policy.preferred_s(SECONDS, [])


def test_dead_links_leave_oort_a_preferred_duration() -> None:
    policy = Oort(kind="oort", pace=0.95)
    dead = np.append(SECONDS, [np.inf, np.inf])
    assert policy.preferred_s(dead, []) == policy.preferred_s(SECONDS, []) < np.inf
    assert policy.preferred_s(dead[-2:], []) == np.inf


def test_oort_explores_fewer_new_clients_from_round_to_round(
    context: Make, history: ClientHistory
) -> None:
    report(history, dict.fromkeys(range(5), 1.0))
    policy = Oort(kind="oort")
    n_new = [
        sum(i >= 5 for i in policy.choose(context(round=r), 5, history)) for r in (0, 30, 60, 200)
    ]
    assert n_new == [round(share * 5) for share in (0.9, 0.9 * 0.98**30, 0.9 * 0.98**60, 0.2)]


def test_oort_excludes_clients_that_were_selected_too_often(
    context: Make, history: ClientHistory
) -> None:
    policy = Oort(kind="oort", blacklist_after=2, least_exploration=0.0)
    history.n_selected[:] = [2, 2, 2, 2, 2, 1, 1, 1, 1, 1]
    assert min(policy.choose(context(), 5, history)) >= 5
    history.n_selected[:] = 2
    assert len(policy.choose(context(), 5, history)) == 5  # too few are left: nobody is excluded


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
def test_invalid_parameters_are_refused(make: Callable[[], object], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        make()
