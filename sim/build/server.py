"""Builds the server of a run from the parts of the engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from configurator import Configurator
from learner.spec import Learner
from sim.cost.eligibility import Eligibility
from sim.cost.plan_costs import PlanCosts
from sim.cost.protocol import CostModel
from sim.engine.accounting import Accountant
from sim.engine.aggregation import Aggregator
from sim.engine.assignment import Assignment
from sim.engine.asynchronous import AsynchronousRounds
from sim.engine.audit import Audit
from sim.engine.cohort import CohortSelector
from sim.engine.context import Context
from sim.engine.dispatcher import Dispatcher
from sim.engine.disturbances import Disturbances
from sim.engine.evaluator import Evaluator
from sim.engine.participation import Participation
from sim.engine.round import SynchronousRounds
from sim.engine.server import Server
from sim.engine.timing import EndsOfTime
from sim.engine.trial import TrialRunner
from sim.fleet.availability import AvailabilityTable
from sim.fleet.client import Client
from sim.records import RoundRow
from sim.runlog import RunLog
from sim.scenario.scenario import Scenario
from sim.selection import ClientHistory
from sim.streams import Streams


def build_server(
    scenario: Scenario,
    *,
    context: Context,
    streams: Streams,
    clients: Sequence[Client],
    cost: CostModel,
    learner: Learner,
    configurator: Configurator,
    participation: Participation,
    log: RunLog,
    audit: Audit,
    on_round: Callable[[RoundRow], None],
    n_layers: int,
) -> Server:
    """The server of one run. on_round: called with the row of each round. n_layers: the model's."""
    eligibility = Eligibility(
        cost=cost,
        clients=clients,
        memory_share=scenario.fleet.memory_share,
        price_misses=scenario.cache.price_misses,
    )
    costs = PlanCosts(
        cost=cost,
        exchange=scenario.exchange,
        clients=clients,
        eligibility=eligibility,
        n_layers=n_layers,
        rounds=scenario.rounds,
    )
    dispatcher = Dispatcher(
        context=context,
        clients=clients,
        cost=cost,
        exchange=scenario.exchange,
        streams=streams,
        batch_size=scenario.training.batch_size,
        n_layers=n_layers,
        price_misses=scenario.cache.price_misses,
        disturbances=Disturbances(
            streams=streams, jitter=scenario.fleet.jitter, p_dropout=scenario.fleet.p_dropout
        ),
        assignment=Assignment(costs=costs, streams=streams),
        participation=participation,
    )
    accountant = Accountant(
        cost=cost,
        dispatcher=dispatcher,
        log=log,
        audit=audit,
        has_client_rows=scenario.log != "rounds",
        has_idle_watts=any(client.device.profile.idle_w > 0 for client in clients),
        is_idle_charged=scenario.rounds.mode == "sync",
        on_round=on_round,
    )
    evaluator = Evaluator(
        env=context.env,
        learner=learner,
        log=log,
        plan=scenario.evaluation,
        target_accuracy=scenario.stop.target_accuracy,
        evaluation_s=scenario.fleet.server.evaluation_s,
    )
    return Server(
        env=context.env,
        name=scenario.name,
        configurator=configurator,
        costs=costs.round_cost,
        n_layers=n_layers,
        learner=learner,
        log=log,
        trials=_trial_runner(scenario, streams, learner, accountant, evaluator, costs),
        evaluator=evaluator,
        accountant=accountant,
        history=ClientHistory.empty(len(clients) if scenario.selection.needs_history else 0),
    )


def _trial_runner(
    scenario: Scenario,
    streams: Streams,
    learner: Learner,
    accountant: Accountant,
    evaluator: Evaluator,
    costs: PlanCosts,
) -> TrialRunner:
    dispatcher, rules = accountant.dispatcher, scenario.rounds
    env, clients = dispatcher.context.env, dispatcher.clients
    ends = EndsOfTime(env)
    selector = CohortSelector(
        env=env,
        streams=streams,
        policy=scenario.selection,
        availability=AvailabilityTable([client.availability for client in clients]),
        costs=costs,
    )
    aggregator = Aggregator(
        env=env,
        learner=learner,
        streams=streams,
        training=scenario.training,
        exchange=scenario.exchange,
        rule=scenario.aggregation,
        staleness=rules.staleness,
        selection=scenario.selection,
        costs=costs,
    )
    runner = SynchronousRounds if rules.mode == "sync" else AsynchronousRounds
    rounds = runner(
        env=env,
        ends=ends,
        rules=rules,
        aggregation_s=scenario.fleet.server.aggregation_s,
        selector=selector,
        dispatcher=dispatcher,
        aggregator=aggregator,
        accountant=accountant,
        evaluator=evaluator,
    )
    return TrialRunner(
        env=env,
        ends=ends,
        streams=streams,
        learner=learner,
        log=accountant.log,
        n_clients=len(clients),
        rules=rules,
        round_limit=scenario.stop.rounds,
        time_limit_s=math.inf if scenario.stop.sim_s is None else scenario.stop.sim_s,
        eligibility=costs.eligibility,
        rounds=rounds,
    )
