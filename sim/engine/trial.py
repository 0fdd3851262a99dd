"""A trial: branches run side by side on shared simulated time until their budget ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simpy import Environment, Interrupt
from simpy import Process as SimProcess

from configurator.protocol import Budget, Rounds, SimSeconds, Trial, TrialRules
from learner.plan import TuningPlan, shape
from learner.spec import Learner
from sim.cost.eligibility import Eligibility, needed_config
from sim.records import RefusalRow
from sim.runlog import RunLog
from sim.scenario.scenario import Rounds as RoundRules
from sim.streams import Streams

from .allocation import Share, allocate
from .branch import RunningBranch
from .lineage import Lineage
from .process import Process
from .round import RoundRunner
from .timing import WINDOW_END, EndsOfTime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRunner:
    """`round_limit`: the lineage's last round (None: no limit). `time_limit_s`: of the run (inf: no
    limit). `n_clients`: the population."""

    env: Environment
    ends: EndsOfTime
    streams: Streams
    learner: Learner
    log: RunLog
    n_clients: int
    rules: RoundRules
    round_limit: int | None
    time_limit_s: float
    eligibility: Eligibility
    rounds: RoundRunner

    @property
    def init_seed(self) -> int:
        """Keys every fresh weight: a grown and an initialised state agree in their new parts."""
        return self.streams.key("init")

    def fork(self, trial: Trial, trial_no: int, base: Lineage) -> list[RunningBranch]:
        """The trial's branches, each adapted from the base and ready to run."""
        plans = [branch.plan for branch in trial.branches]
        branches = []
        shares = self._shares(trial, trial_no, plans)
        for candidate, share in zip(trial.branches, shares, strict=True):
            config = shape(candidate.plan)
            state = self.learner.adapt(base.state, config, self.init_seed)
            lineage = replace(
                base,
                plan=candidate.plan,
                config=config,
                state=state,
                history=base.history.copy(),
                made_s=base.made_s if state == base.state else self.env.now,
                points=[],
            )
            is_alone = len(plans) == 1
            branch = RunningBranch(
                name=candidate.name,
                trial_no=trial_no,
                lineage=lineage,
                share=share,
                is_alone=is_alone,
                is_certain=is_alone and not trial.views,
            )
            branches.append(branch)
            self._record_ineligible(branch)
        return branches

    def can_continue(self, branch: RunningBranch) -> bool:
        """Whether the branch may hold another round: it is neither stuck nor at the last one."""
        limit = self.round_limit
        return not branch.stuck and (limit is None or branch.lineage.round < limit)

    def reallocate(self, branches: Sequence[RunningBranch], trial: Trial) -> None:
        """Share all clients among the branches with which an extended trial continues."""
        plans = [branch.lineage.plan for branch in branches]
        shares = self._shares(trial, branches[0].trial_no, plans)
        for branch, share in zip(branches, shares, strict=True):
            branch.share = share

    def run(self, branches: Sequence[RunningBranch], budget: Budget, rules: TrialRules) -> Process:
        """Run every branch until the budget ends; returns False if the run's own end came first.

        At the end of a window the rules say whether a round under way is cut (interrupted, charged,
        its updates lost) or waited for. At the run's end, and in asynchronous modes, it is cut.
        """
        env, in_time = self.env, True
        for branch in branches:
            seconds = budget.seconds if isinstance(budget, SimSeconds) else math.inf
            branch.end_s = min(self.ends.now_s + seconds, self.time_limit_s)
        processes = [env.process(self._run_branch(branch, budget)) for branch in branches]
        try:
            if isinstance(budget, SimSeconds):
                yield env.all_of(processes) | self.ends.after(budget.seconds, WINDOW_END)
                if rules.crossing == "finish":
                    _stop_between_rounds(branches, processes)
                    yield env.all_of(processes)
            else:
                yield env.all_of(processes)
        except Interrupt:
            in_time = False
        for process in processes:
            if process.is_alive:
                process.interrupt("window over")
        # A new condition: SimPy takes the one inside a triggered "or" apart.
        yield env.all_of(processes)
        return in_time and not self.ends.is_reached(self.time_limit_s)

    def _run_branch(self, branch: RunningBranch, budget: Budget) -> Process:
        """Process: aggregations until the budget, the round limit or the target is reached."""
        yield from self.rounds.run(branch, self._last_round(branch.lineage, budget))

    def _last_round(self, lineage: Lineage, budget: Budget) -> float:
        return min(
            lineage.round + budget.rounds if isinstance(budget, Rounds) else math.inf,
            self.round_limit if self.round_limit is not None else math.inf,
        )

    def _shares(self, trial: Trial, trial_no: int, plans: Sequence[TuningPlan]) -> list[Share]:
        """Each branch's clients, without those whose devices lack the memory for its plan."""
        shares = allocate(
            self.env,
            self.streams,
            trial.rules,
            trial_no,
            n_clients=self.n_clients,
            n_participants=self.rules.participants,
            n_branches=len(plans),
        )
        return [
            replace(share, pool=self.eligibility.eligible(plan, share.pool))
            for share, plan in zip(shares, plans, strict=True)
        ]

    def _record_ineligible(self, branch: RunningBranch) -> None:
        devices = self.eligibility.ineligible(branch.lineage.plan)
        if not devices:
            return
        self.log.events.add(
            RefusalRow(
                t_s=self.env.now,
                trial=branch.trial_no,
                branch=branch.name,
                config=needed_config(branch.lineage.plan),
                refused_clients={one.device: one.n_clients for one in devices},
                needed_bytes={one.device: one.needed_bytes for one in devices},
                limit_bytes={one.device: one.limit_bytes for one in devices},
                share=sum(one.n_clients for one in devices) / self.n_clients,
            )
        )


def _stop_between_rounds(
    branches: Sequence[RunningBranch], processes: Sequence[SimProcess]
) -> None:
    """The window is over: no branch begins another round, and none waits for clients."""
    for branch, process in zip(branches, processes, strict=True):
        if process.is_alive and not branch.is_in_round:
            process.interrupt("window over")
