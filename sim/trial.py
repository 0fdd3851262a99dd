"""A trial: branches grow side by side on shared simulated time until their budget ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from simpy import Interrupt

from configurator.protocol import Budget, Rounds, SimSeconds, Trial

from .barrier import Barrier, take_time
from .lineage import Lineage
from .muster import muster
from .participation import Process
from .roll import Call
from .round import run_round
from .selection import pools
from .world import World


@dataclass(slots=True)
class Growth:
    """One branch at work: its own lineage, its pool of clients, its share of the participants.

    `stuck` says why it cannot go on, if it cannot.
    """

    name: str
    lineage: Lineage
    pool: NDArray[np.int64]
    n_participants: int
    stuck: str = ""


def fork(world: World, trial: Trial, trial_no: int, base: Lineage) -> list[Growth]:
    """The trial's branches, each adapted from the base, ready to grow."""
    n, everybody = len(trial.branches), np.arange(len(world.clients))
    shares = [everybody] if n == 1 else pools(world.streams, trial_no, everybody, n)
    growths = []
    for branch, pool in zip(trial.branches, shares, strict=True):
        state = world.learner.adapt(base.state, branch.config, world.init_seed)
        lineage = Lineage(config=branch.config, state=state, round=base.round)
        n_participants = world.scenario.rounds.participants // n
        growths.append(Growth(branch.name, lineage, np.asarray(pool), n_participants))
    return growths


def grow_together(
    world: World, growths: Sequence[Growth], trial_no: int, budget: Budget
) -> Process:
    """Grow every branch until its budget ends; returns False where the run's own end came first.

    At the barrier all in-flight rounds are cancelled and charged; their updates are lost.
    """
    env, in_time = world.env, True
    processes = [env.process(_grow(world, growth, trial_no, budget)) for growth in growths]
    try:
        if isinstance(budget, SimSeconds):
            yield env.all_of(processes) | Barrier(env, budget.seconds)
        else:
            yield env.all_of(processes)
    except Interrupt:
        in_time = False
    for process in processes:
        if process.is_alive:
            process.interrupt()
    # A condition of its own: SimPy takes the one inside a fired "or" apart.
    yield env.all_of(processes)
    return in_time


def _grow(world: World, growth: Growth, trial_no: int, budget: Budget) -> Process:
    """Round after round until the budget, the run's round limit or its target is reached."""
    lineage, rules, failures = growth.lineage, world.scenario.rounds, 0
    last = _last_round(world, lineage, budget)
    while lineage.round < last and not growth.stuck:
        attempt = failures if rules.on_failure == "retry" else 0
        cohort = yield from muster(world, growth.pool, growth.n_participants, lineage, attempt)
        if cohort is None:
            return
        if not cohort:
            growth.stuck = "too few clients will ever be available again"
            return
        call = Call(
            trial=trial_no,
            branch=growth.name,
            attempt=attempt,
            cohort=cohort,
            n_wanted=growth.n_participants,
        )
        status = yield from run_round(world, lineage, call)
        if status == "cut":
            return
        failures = failures + 1 if status == "failed" else 0
        if failures == rules.max_failures:
            growth.stuck = "rounds.max_failures"
        if status == "failed" and rules.on_failure == "retry":
            continue
        if status == "failed":
            lineage.round += 1
        if (yield from _is_at_target(world, growth)):
            return


def _last_round(world: World, lineage: Lineage, budget: Budget) -> float:
    limit = world.scenario.stop.rounds
    return min(
        lineage.round + budget.rounds if isinstance(budget, Rounds) else math.inf,
        limit if limit is not None else math.inf,
    )


def _is_at_target(world: World, growth: Growth) -> Process:
    """Mark a point where one is due; returns whether the whole run has its target there."""
    lineage, scenario = growth.lineage, world.scenario
    if lineage.round % scenario.evaluation.every_rounds:
        return False
    lineage.mark(world.env.now)
    is_alone = len(growth.pool) == len(world.clients)
    if not is_alone or scenario.stop.target_accuracy is None:
        return False
    in_time = yield from take_time(world.env, scenario.fleet.server.evaluation_s)
    return not in_time or world.is_good_enough(lineage.state)
