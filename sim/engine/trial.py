"""A trial: branches grow side by side on shared simulated time until their budget ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from simpy import Interrupt
from simpy import Process as SimProcess

from configurator.protocol import Budget, Rounds, SimSeconds, Trial, TrialRules
from learner.spec import TuningConfig
from sim.records import RefusalRow

from .allocation import Share, allocate
from .asynchronous import keep_busy
from .branch import Growth, is_at_target
from .cohort import muster
from .collector import Call
from .lineage import Lineage
from .participation import Process
from .round import run_round
from .simulation import World
from .timing import Barrier


def fork(world: World, trial: Trial, trial_no: int, base: Lineage) -> list[Growth]:
    """The trial's branches, each adapted from the base, ready to grow."""
    configs = [branch.config for branch in trial.branches]
    growths = []
    shares = _shares(world, trial, trial_no, configs)
    for branch, share in zip(trial.branches, shares, strict=True):
        state = world.learner.adapt(base.state, branch.config, world.init_seed)
        lineage = Lineage(branch.config, state, base.history.copy(), base.round)
        growths.append(Growth(branch.name, lineage, share, is_alone=len(configs) == 1))
        _record_refusals(world, growths[-1], trial_no)
    return growths


def can_go_on(world: World, growth: Growth) -> bool:
    """Whether the branch may hold another round: it is not stuck, nor at the run's last round."""
    limit = world.scenario.stop.rounds
    return not growth.stuck and (limit is None or growth.lineage.round < limit)


def go_on_with(world: World, growths: Sequence[Growth], trial: Trial, trial_no: int) -> None:
    """Share all clients out anew among the branches of an extended trial that go on."""
    configs = [growth.lineage.config for growth in growths]
    shares = _shares(world, trial, trial_no, configs)
    for growth, share in zip(growths, shares, strict=True):
        growth.share = share


def _shares(
    world: World, trial: Trial, trial_no: int, configs: Sequence[TuningConfig]
) -> list[Share]:
    """Each branch's clients, without those whose devices cannot train its configuration."""
    shares = allocate(
        world.env,
        world.streams,
        trial.rules,
        trial_no,
        n_clients=len(world.clients),
        n_participants=world.scenario.rounds.participants,
        n_branches=len(configs),
    )
    return [
        replace(share, pool=world.census.able(config, share.pool))
        for share, config in zip(shares, configs, strict=True)
    ]


def _record_refusals(world: World, growth: Growth, trial_no: int) -> None:
    refusals = world.census.refusals(growth.lineage.config)
    if not refusals:
        return
    world.log.events.add(
        RefusalRow(
            t_s=world.env.now,
            trial=trial_no,
            branch=growth.name,
            config=growth.lineage.config,
            refused_clients={refusal.device: refusal.n_clients for refusal in refusals},
            needed_bytes={refusal.device: refusal.needed_bytes for refusal in refusals},
            limit_bytes={refusal.device: refusal.limit_bytes for refusal in refusals},
            share=sum(refusal.n_clients for refusal in refusals) / len(world.clients),
        )
    )


def grow_together(
    world: World, growths: Sequence[Growth], trial_no: int, budget: Budget, rules: TrialRules
) -> Process:
    """Grow every branch until its budget ends; returns False where the run's own end came first.

    At a window's end rounds under way are cancelled and charged and their updates lost, or waited
    for, as the rules say; at the run's end, and where there are no rounds, they are always
    cancelled.
    """
    env, in_time = world.env, True
    processes = [env.process(_grow(world, growth, trial_no, budget)) for growth in growths]
    try:
        if isinstance(budget, SimSeconds):
            yield env.all_of(processes) | Barrier(env, budget.seconds)
            if rules.crossing == "finish":
                _stop_those_at_rest(growths, processes)
                yield env.all_of(processes)
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


def _stop_those_at_rest(growths: Sequence[Growth], processes: Sequence[SimProcess]) -> None:
    """The window is over: no branch begins another round, and who waits for clients stops."""
    for growth, process in zip(growths, processes, strict=True):
        growth.is_over = True
        if process.is_alive and not growth.is_in_round:
            process.interrupt()


def _grow(world: World, growth: Growth, trial_no: int, budget: Budget) -> Process:
    """Aggregations until the budget, the run's round limit or its target is reached."""
    lineage, rules, failures = growth.lineage, world.scenario.rounds, 0
    last = _last_round(world, lineage, budget)
    growth.is_over = False
    if rules.mode != "sync":
        yield from keep_busy(world, growth, trial_no, last)
        return
    while lineage.round < last and not (growth.stuck or growth.is_over):
        attempt = failures if rules.on_failure == "retry" else 0
        cohort = yield from muster(world, growth.share, lineage, attempt)
        if cohort is None:
            return
        if not cohort:
            growth.stuck = growth.why_nobody_comes
            return
        status = yield from _hold_round(world, growth, trial_no, cohort, attempt)
        if status == "cut":
            return
        failures = failures + 1 if status == "failed" else 0
        if failures == rules.max_failures:
            growth.stuck = "rounds.max_failures"
        if status == "failed" and rules.on_failure == "retry":
            continue
        if status == "failed":
            lineage.round += 1
        if (yield from is_at_target(world, growth)):
            return


def _hold_round(
    world: World, growth: Growth, trial_no: int, cohort: Sequence[int], attempt: int
) -> Process:
    """A round of the branch; its clients are free again afterwards. Returns how it ended."""
    call = Call(
        trial=trial_no,
        branch=growth.name,
        attempt=attempt,
        cohort=cohort,
        n_wanted=growth.share.n_participants,
        totals=growth.totals,
    )
    growth.is_in_round = True
    status = yield from run_round(world, growth.lineage, call)
    growth.is_in_round = False
    if growth.share.claims is not None:
        growth.share.claims.release(cohort)
    return status


def _last_round(world: World, lineage: Lineage, budget: Budget) -> float:
    limit = world.scenario.stop.rounds
    return min(
        lineage.round + budget.rounds if isinstance(budget, Rounds) else math.inf,
        limit if limit is not None else math.inf,
    )
