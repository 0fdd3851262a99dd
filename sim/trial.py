"""A trial: branches grow side by side on shared simulated time until their budget ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simpy import Interrupt

from configurator.protocol import Budget, Rounds, SimSeconds, Trial

from .barrier import Barrier
from .client import Process
from .round import Lineage, run_round
from .runlog import RunError
from .selection import cohort, pools
from .world import World


@dataclass(frozen=True, slots=True)
class Growth:
    """One branch at work: its own lineage, its pool of clients, its share of the participants."""

    name: str
    lineage: Lineage
    pool: Sequence[int]
    n_participants: int


def fork(world: World, trial: Trial, trial_no: int, base: Lineage) -> list[Growth]:
    """The trial's branches, each adapted from the base, ready to grow."""
    n, everybody = len(trial.branches), range(len(world.clients))
    if n > world.scenario.rounds.participants:
        raise RunError(
            f"rounds.participants must be at least {n}, the branches of a trial, "
            f"got {world.scenario.rounds.participants}"
        )
    shares = [everybody] if n == 1 else pools(world.streams, trial_no, everybody, n)
    growths = []
    for branch, pool in zip(trial.branches, shares, strict=True):
        state = world.learner.adapt(base.state, branch.config, world.init_seed)
        lineage = Lineage(config=branch.config, state=state, round=base.round)
        n_participants = world.scenario.rounds.participants // n
        growths.append(Growth(branch.name, lineage, pool, n_participants))
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
    lineage, first = growth.lineage, growth.lineage.round
    plan, stop = world.scenario.evaluation, world.scenario.stop
    last = min(
        first + budget.rounds if isinstance(budget, Rounds) else math.inf,
        stop.rounds if stop.rounds is not None else math.inf,
    )
    is_alone = len(growth.pool) == len(world.clients)
    while lineage.round < last:
        members = cohort(world.streams, lineage.round, growth.pool, growth.n_participants)
        if not (yield from run_round(world, lineage, members, trial_no, growth.name)):
            return
        if lineage.round % plan.every_rounds == 0:
            lineage.mark(world.env.now)
            if is_alone and world.is_good_enough(lineage.state):
                return
