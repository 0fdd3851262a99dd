"""Server process: runs trials until a stop condition holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from simpy import Environment

from configurator import Configurator
from configurator.checks import check_decision, check_trial
from configurator.protocol import (
    BackTo,
    BranchScore,
    Choose,
    Costs,
    Decision,
    Extend,
    Trial,
    TrialResult,
)
from configurator.ranking import ranked
from learner.plan import shape
from learner.spec import Learner
from sim.records import DecisionRow, EndRow
from sim.runlog import RunError, RunLog
from sim.selection import ClientHistory

from .accounting import Accountant
from .branch import RunningBranch
from .evaluator import Evaluator
from .lineage import Lineage
from .process import Process
from .timing import take_time
from .totals import Totals
from .trial import TrialRunner

_MAX_EMPTY_TRIALS = 720
"""Trials in a row without one more round in the lineage, after which the run is given up: with
budgets too short for any round it would never end. Twelve hours in windows of a minute: a night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Asks the configurator for trials, runs them and carries out its decisions.

    `name` is the scenario's, for messages. `n_layers` limits what a trial may train. `history`: an
    empty one, of the size that the selection policy needs. `sidelined`: what branches have cost
    that lost their trials.
    """

    env: Environment
    name: str
    configurator: Configurator
    costs: Costs
    n_layers: int
    learner: Learner
    log: RunLog
    trials: TrialRunner
    evaluator: Evaluator
    accountant: Accountant
    history: ClientHistory
    sidelined: Totals = field(default_factory=Totals)

    def serve(self) -> Process:
        """Process: the whole run; returns (the final Lineage, why it ended). The run's time limit
        interrupts it."""
        plan = self.configurator.initial()
        config = shape(plan)
        state = self.learner.initial(config, self.trials.init_seed)
        lineage = Lineage(plan=plan, config=config, state=state, history=self.history)
        self.evaluator.report(lineage, trial_no=0)
        results: list[TrialResult] = []
        reason = self._stop_reason(lineage)
        n_empty, reached = 0, lineage.round
        while not reason:
            trial = self.configurator.propose(lineage.plan, results, self.costs)
            if trial is None:
                reason = "the configurator ended the run"
                break
            lineage, result, ended = yield from self._hold(trial, len(results), lineage)
            self.evaluator.report(lineage, trial_no=len(results))
            results.append(result)
            n_empty = 0 if lineage.round > reached else n_empty + 1
            reached = lineage.round
            if n_empty == _MAX_EMPTY_TRIALS:
                raise RunError(f"{self.name}: no round fits in {n_empty} trials in a row")
            reason = ended or self._stop_reason(lineage)
        self._end(lineage, reason)
        return lineage, reason

    def _hold(self, trial: Trial, trial_no: int, base: Lineage) -> Process:
        """One trial up to its decision; returns (the lineage that continues, TrialResult, why the
        run ends here, if it does)."""
        check_trial(trial, self.trials.rules.participants, self.n_layers)
        branches = self.trials.fork(trial, trial_no, base)
        start_s = self.env.now
        in_time = yield from self.trials.run(branches, trial.budget, trial.rules)
        if branches[0].is_certain:
            result = TrialResult(trial=trial, scores={}, chosen=branches[0].name)
            return branches[0].lineage, result, _end_reason(branches, in_time)
        judged = yield from self._decide(trial, base, branches, start_s, in_time)
        left, scores, decision, in_time = judged
        chosen = _chosen(trial, scores, decision)
        lineage = self._candidates(trial, left)[chosen] if chosen else _back_to(base, branches)
        self._record(trial, trial_no, branches, scores, chosen, lineage)
        result = TrialResult(trial=trial, scores=scores, chosen=chosen)
        return lineage, result, _end_reason(left, in_time)

    def _candidates(self, trial: Trial, branches: Sequence[RunningBranch]) -> dict[str, Lineage]:
        """The lineages among which the configurator decides, by name: of the branches, or views of
        the only branch, whose state is then that part of the branch's."""
        if not trial.views:
            return {branch.name: branch.lineage for branch in branches}
        whole = branches[0].lineage
        found = {}
        for view in trial.views:
            config = shape(view.plan)
            state = self.learner.restrict(whole.state, config)
            made_s = whole.made_s if state == whole.state else self.env.now
            found[view.name] = replace(
                whole, plan=view.plan, config=config, state=state, made_s=made_s
            )
        return found

    def _decide(
        self,
        trial: Trial,
        base: Lineage,
        branches: Sequence[RunningBranch],
        start_s: float,
        in_time: bool,
    ) -> Process:
        """Ask for a decision until it is not an extension; returns (the branches of the last
        scores, these scores, the decision, whether the run has time left).

        An extension with which no branch could continue is treated as the last decision.
        """
        left, n_empty, reached = list(branches), 0, 0
        while True:
            if in_time:
                evaluation_s = self.evaluator.evaluation_s * len(trial.views or left)
                in_time = yield from take_time(self.env, evaluation_s)
            lineages = self._candidates(trial, left)
            spent = {branch.name: branch.totals for branch in left}
            if trial.views:
                spent = dict.fromkeys(lineages, left[0].totals)
            scores = self.evaluator.branch_scores(trial.rules, lineages, spent, base, start_s)
            decision = self.configurator.decide(trial, scores)
            check_decision(decision, list(scores))
            if not (isinstance(decision, Extend) and in_time):
                return left, scores, decision, in_time
            if decision.branches and not trial.views:
                left = [branch for branch in left if branch.name in decision.branches]
            if not any(self.trials.can_continue(branch) for branch in left):
                return left, scores, decision, in_time
            n_rounds = sum(branch.lineage.round for branch in left)
            n_empty, reached = 0 if n_rounds != reached else n_empty + 1, n_rounds
            if n_empty == _MAX_EMPTY_TRIALS:
                raise RunError(f"{self.name}: no round fits in {n_empty} extensions in a row")
            self.trials.reallocate(left, trial)
            in_time = yield from self.trials.run(left, decision.budget, trial.rules)

    def _record(
        self,
        trial: Trial,
        trial_no: int,
        branches: Sequence[RunningBranch],
        scores: Mapping[str, BranchScore],
        chosen: str,
        lineage: Lineage,
    ) -> None:
        for branch in branches:
            if branch.name != chosen and not trial.views:
                self.sidelined.include(branch.totals)
        costs = {branch.name: branch.totals for branch in branches}
        self.log.events.add(
            DecisionRow(
                t_s=self.env.now,
                trial=trial_no,
                scores={name: score.accuracy for name, score in scores.items()},
                rounds={name: score.rounds for name, score in scores.items()},
                spent_client_rounds={name: cost.n_asked for name, cost in costs.items()},
                spent_bytes={name: cost.n_bytes for name, cost in costs.items()},
                spent_j={name: cost.energy_j for name, cost in costs.items()},
                spent_s={name: cost.busy_s for name, cost in costs.items()},
                chosen=chosen,
                config=lineage.config,
                lineage_round=lineage.round,
                state=lineage.state,
            )
        )

    def _stop_reason(self, lineage: Lineage) -> str:
        """Why the run ends here; "" if it does not."""
        limit = self.trials.round_limit
        if limit is not None and lineage.round >= limit:
            return "stop.rounds"
        return "stop.target_accuracy" if self.evaluator.is_at_target(lineage.state) else ""

    def _end(self, lineage: Lineage, reason: str) -> None:
        totals, sidelined = self.accountant.totals, self.sidelined
        self.accountant.audit.see_end(totals.n_bytes, totals.energy_j, totals.idle_j)
        self.log.events.add(
            EndRow(
                t_s=self.env.now,
                lineage_round=lineage.round,
                reason=reason,
                config=lineage.config,
                state=lineage.state,
                down_bytes=totals.down_bytes,
                up_bytes=totals.up_bytes,
                energy_j=totals.energy_j,
                idle_j=totals.idle_j,
                busy_s=totals.busy_s,
                client_rounds=totals.n_asked,
                sidelined_bytes=sidelined.n_bytes,
                sidelined_energy_j=sidelined.energy_j,
                sidelined_idle_j=sidelined.idle_j,
                sidelined_busy_s=sidelined.busy_s,
                sidelined_client_rounds=sidelined.n_asked,
            )
        )
        self.log.flush()


def _end_reason(branches: Sequence[RunningBranch], in_time: bool) -> str:
    """The run ends with its time, or when no branch can continue."""
    if not in_time:
        return "stop.sim_s"
    return branches[0].stuck if all(branch.stuck for branch in branches) else ""


def _back_to(base: Lineage, branches: Sequence[RunningBranch]) -> Lineage:
    """The lineage before the trial; rounds that were cut from there are not drawn again."""
    attempts = [b.lineage.attempt for b in branches if b.lineage.round == base.round]
    return replace(base, points=[], attempt=max(attempts, default=base.attempt))


def _chosen(trial: Trial, scores: Mapping[str, BranchScore], decision: Decision) -> str:
    """The name of the branch or view that continues; "" goes back. An Extend that came too late
    takes the best."""
    match decision:
        case Choose(branch=name):
            return name
        case Extend():
            return ranked(trial, scores)[0]
        case BackTo():
            return ""
