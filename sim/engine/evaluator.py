"""Scores states: for decisions, for the target, and for the reported curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from simpy import Environment

from configurator.protocol import BranchScore, ScoredPoint, TrialRules
from learner.spec import Learner, StateRef
from sim.records import EvaluationRow
from sim.row_lines import as_fields
from sim.runlog import RunLog
from sim.scenario.scenario import EvaluationPlan

from .branch import RunningBranch
from .lineage import Lineage, Point
from .process import Process
from .timing import take_time
from .totals import Totals

_POINTS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluator:
    """The one place where the simulation waits for real training.

    `target_accuracy` ends the run (None: there is none). `evaluation_s`: simulated seconds that the
    server takes to score a state for a decision or a target.
    """

    env: Environment
    learner: Learner
    log: RunLog
    plan: EvaluationPlan
    target_accuracy: float | None
    evaluation_s: float

    def is_at_target(self, state: StateRef) -> bool:
        """Whether the run has a target and the state reaches it on the deciding split."""
        if self.target_accuracy is None:
            return False
        return self._accuracy(state) >= self.target_accuracy

    def mark_point(self, branch: RunningBranch) -> Process:
        """Add a point to the curve where one is due; returns whether the run has its target there.

        Only a branch that is alone in its trial is scored before its trial ends, and only one that
        is certain to continue reports its points meanwhile, so that they do not pile up.
        """
        lineage = branch.lineage
        if lineage.round % self.plan.every_rounds:
            return False
        lineage.mark()
        if branch.is_certain and len(lineage.points) >= _POINTS_AT_ONCE:
            self.report(lineage, branch.trial_no)
        if not branch.is_alone or self.target_accuracy is None:
            return False
        in_time = yield from take_time(self.env, self.evaluation_s)
        return not in_time or self.is_at_target(lineage.state)

    def branch_scores(
        self,
        rules: TrialRules,
        lineages: Mapping[str, Lineage],
        spent: Mapping[str, Totals],
        base: Lineage,
        start_s: float,
    ) -> dict[str, BranchScore]:
        """Each candidate's score on the deciding split, and what its branch has cost since the
        trial's start."""
        is_best = rules.score == "best-in-window"
        states = {
            name: [*(point.state for point in lineage.points if is_best), lineage.state]
            for name, lineage in lineages.items()
        }
        flat = [state for own in states.values() for state in own]
        evaluations = iter(self.learner.evaluate(flat, self.plan.decide_on))
        scores = {}
        for name, own in states.items():
            scored = [next(evaluations) for _ in own]
            scores[name] = BranchScore(
                accuracy=max(one.accuracy for one in scored),
                rounds=lineages[name].n_aggregations - base.n_aggregations,
                loss=scored[-1].loss,
                correct=scored[-1].correct,
                losses=partial(self._losses, own[-1]),
                accuracy_before=partial(self._accuracy, base.state),
                curve=partial(self._curve, tuple(lineages[name].points)),
                seconds=max(0.0, lineages[name].aggregated_s - start_s),
                bytes=spent[name].n_bytes,
                joules=spent[name].energy_j,
                client_rounds=spent[name].n_asked,
            )
        return scores

    def _accuracy(self, state: StateRef) -> float:
        (evaluation,) = self.learner.evaluate([state], self.plan.decide_on)
        return evaluation.accuracy

    def _losses(self, state: StateRef) -> Sequence[float]:
        return self.learner.example_losses([state], self.plan.decide_on)[0]

    def _curve(self, points: Sequence[Point]) -> list[ScoredPoint]:
        evaluations = self.learner.evaluate([one.state for one in points], self.plan.decide_on)
        return [
            ScoredPoint(t_s=one.t_s, round=one.round, accuracy=own.accuracy, loss=own.loss)
            for one, own in zip(points, evaluations, strict=True)
        ]

    def report(self, lineage: Lineage, trial_no: int) -> None:
        """Score the lineage's points on the reported split; all rows so far reach the disk.

        The points are then no longer the lineage's.
        """
        lineage.mark()
        lineage.reported = lineage.state
        split = self.plan.report_on
        evaluations = self.learner.evaluate([point.state for point in lineage.points], split)
        for point, evaluation in zip(lineage.points, evaluations, strict=True):
            self.log.evaluations.add(
                EvaluationRow(
                    t_s=point.t_s,
                    round=point.round,
                    trial=trial_no,
                    config=point.config,
                    state=point.state,
                    split=split,
                    **as_fields(evaluation),
                )
            )
        lineage.points = []
        self.log.flush()

    def reported_accuracy(self, state: StateRef) -> float:
        """A state's accuracy (0-1) on the reported split."""
        (evaluation,) = self.learner.evaluate([state], self.plan.report_on)
        return evaluation.accuracy
