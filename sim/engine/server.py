"""The aggregator's day: trial after trial, a verdict after each, until the run stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from configurator.checks import check_decision, check_trial
from configurator.protocol import BackTo, BranchScore, Choose, Decision, Extend, Trial, TrialResult
from configurator.ranking import ranked
from sim.records import DecisionRow, EndRow, EvaluationRow
from sim.runlog import RunError
from sim.selection import History

from .branch import Growth
from .lineage import Lineage
from .participation import Process
from .simulation import World
from .timing import take_time
from .trial import can_go_on, fork, go_on_with, grow_together

_MAX_BARREN_TRIALS = 1000
"""Trials in a row without one more round in the lineage, after which a run is given up: with
budgets too short for any round it would never end."""


def serve(world: World) -> Process:
    """The main process of a run; returns the final Lineage. Interrupted by the run's time limit."""
    config = world.configurator.initial()
    lineage = Lineage(
        config=config,
        state=world.learner.initial(config, world.init_seed),
        history=_no_history(world),
    )
    _report(world, lineage, trial_no=0)
    history: list[TrialResult] = []
    reason = _stop_reason(world, lineage)
    n_barren, reached = 0, lineage.round
    while not reason:
        trial = world.configurator.propose(lineage.config, history, world.costs)
        if trial is None:
            reason = "the configurator ended the run"
            break
        lineage, result, ended = yield from _hold(world, trial, len(history), lineage)
        _report(world, lineage, trial_no=len(history))
        history.append(result)
        n_barren = 0 if lineage.round > reached else n_barren + 1
        reached = lineage.round
        if n_barren == _MAX_BARREN_TRIALS:
            raise RunError(f"{world.scenario.name}: no round fits in {n_barren} trials in a row")
        reason = ended or _stop_reason(world, lineage)
    _end(world, lineage, reason)
    return lineage


def _hold(world: World, trial: Trial, trial_no: int, base: Lineage) -> Process:
    """Run one trial to its verdict; returns (lineage that goes on, TrialResult, why the run ends
    here, if it does)."""
    check_trial(trial, world.scenario.rounds.participants, world.facts["n_layers"])
    growths = fork(world, trial, trial_no, base)
    in_time = yield from grow_together(world, growths, trial_no, trial.budget, trial.rules)
    if len(growths) == 1:
        result = TrialResult(trial=trial, scores={}, chosen=growths[0].name)
        return growths[0].lineage, result, _ended(growths, in_time)
    judged = yield from _judge(world, trial, trial_no, base, growths, in_time)
    left, scores, decision, in_time = judged
    chosen = _settle(trial, left, scores, decision)
    lineage = chosen.lineage if chosen else replace(base, points=[])
    name = chosen.name if chosen else ""
    _record(world, trial_no, growths, scores, name, lineage)
    result = TrialResult(trial=trial, scores=scores, chosen=name)
    return lineage, result, _ended(left, in_time)


def _judge(
    world: World,
    trial: Trial,
    trial_no: int,
    base: Lineage,
    growths: Sequence[Growth],
    in_time: bool,
) -> Process:
    """Ask for a verdict until it is no extension; returns (branches judged last, their scores, the
    verdict, whether the run has time left). An extension in which no branch could go on is none."""
    left, n_barren, reached = list(growths), 0, 0
    while True:
        if in_time:
            evaluation_s = world.scenario.fleet.server.evaluation_s * len(left)
            in_time = yield from take_time(world.env, evaluation_s)
        scores = _score(world, trial, left, base)
        decision = world.configurator.decide(trial, scores)
        check_decision(decision, list(scores))
        if not (isinstance(decision, Extend) and in_time):
            return left, scores, decision, in_time
        left = [g for g in left if g.name in decision.branches] if decision.branches else left
        if not any(can_go_on(world, growth) for growth in left):
            return left, scores, decision, in_time
        n_rounds = sum(growth.lineage.round for growth in left)
        n_barren, reached = 0 if n_rounds != reached else n_barren + 1, n_rounds
        if n_barren == _MAX_BARREN_TRIALS:
            raise RunError(
                f"{world.scenario.name}: no round fits in {n_barren} extensions in a row"
            )
        go_on_with(world, left, trial, trial_no)
        in_time = yield from grow_together(world, left, trial_no, decision.budget, trial.rules)


def _no_history(world: World) -> History:
    """Columns for all clients, where the selection policy reads any."""
    return History.of(len(world.clients) if world.scenario.selection.needs_history else 0)


def _ended(growths: Sequence[Growth], in_time: bool) -> str:
    """The run ends with its time, or when no branch can go on."""
    if not in_time:
        return "stop.sim_s"
    return growths[0].stuck if all(growth.stuck for growth in growths) else ""


def _score(
    world: World, trial: Trial, growths: Sequence[Growth], base: Lineage
) -> dict[str, BranchScore]:
    """What each branch stands at on the deciding split, or the best that it stood at."""
    lineages = [growth.lineage for growth in growths]
    is_best = trial.rules.score == "best-in-window"
    states = [
        [*(point.state for point in lineage.points if is_best), lineage.state]
        for lineage in lineages
    ]
    flat = [state for own in states for state in own]
    evaluations = iter(world.learner.evaluate(flat, world.scenario.evaluation.decide_on))
    return {
        growth.name: BranchScore(
            accuracy=max(next(evaluations).accuracy for _ in own),
            rounds=growth.lineage.round - base.round,
        )
        for growth, own in zip(growths, states, strict=True)
    }


def _settle(
    trial: Trial,
    growths: Sequence[Growth],
    scores: Mapping[str, BranchScore],
    decision: Decision,
) -> Growth | None:
    """The branch that goes on; None goes back. An Extend that came too late takes the best."""
    match decision:
        case Choose(branch=name):
            chosen = name
        case Extend():
            names = [growth.name for growth in growths]
            chosen = next(name for name in ranked(trial, scores) if name in names)
        case BackTo():
            return None
    return next(growth for growth in growths if growth.name == chosen)


def _record(
    world: World,
    trial_no: int,
    growths: Sequence[Growth],
    scores: Mapping[str, BranchScore],
    chosen: str,
    lineage: Lineage,
) -> None:
    for growth in growths:
        if growth.name != chosen:
            world.sidelined.include(growth.totals)
    costs = {growth.name: growth.totals for growth in growths}
    world.log.events.add(
        DecisionRow(
            t_s=world.env.now,
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


def _report(world: World, lineage: Lineage, trial_no: int) -> None:
    """Score the lineage's points on the reported split; what is known then reaches the disk."""
    lineage.mark(world.env.now)
    split = world.scenario.evaluation.report_on
    evaluations = world.learner.evaluate([point.state for point in lineage.points], split)
    for point, evaluation in zip(lineage.points, evaluations, strict=True):
        world.log.evaluations.add(
            EvaluationRow(
                t_s=point.t_s,
                round=point.round,
                trial=trial_no,
                config=point.config,
                state=point.state,
                split=split,
                accuracy=evaluation.accuracy,
                macro_f1=evaluation.macro_f1,
                loss=evaluation.loss,
                n_examples=evaluation.n_examples,
                correct=evaluation.correct,
            )
        )
    world.log.flush()


def _stop_reason(world: World, lineage: Lineage) -> str:
    """Why the run ends here; empty if it goes on."""
    limit = world.scenario.stop.rounds
    if limit is not None and lineage.round >= limit:
        return "stop.rounds"
    return "stop.target_accuracy" if world.is_good_enough(lineage.state) else ""


def _end(world: World, lineage: Lineage, reason: str) -> None:
    totals = world.totals
    world.audit.see_end(totals.n_bytes, totals.energy_j)
    world.log.events.add(
        EndRow(
            t_s=world.env.now,
            lineage_round=lineage.round,
            reason=reason,
            config=lineage.config,
            state=lineage.state,
            down_bytes=totals.down_bytes,
            up_bytes=totals.up_bytes,
            energy_j=totals.energy_j,
            busy_s=totals.busy_s,
            client_rounds=totals.n_asked,
            sidelined_bytes=world.sidelined.n_bytes,
            sidelined_energy_j=world.sidelined.energy_j,
            sidelined_busy_s=world.sidelined.busy_s,
            sidelined_client_rounds=world.sidelined.n_asked,
        )
    )
    world.log.flush()
