"""Puts the engine together: the server and all that acts for it in simulated time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from configurator import Configurator
from learner.spec import Learner
from sim.cost.eligibility import Eligibility
from sim.cost.estimate import expected_round_cost
from sim.cost.protocol import CostModel
from sim.engine.accounting import Accountant
from sim.engine.aggregation import Aggregator
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
from sim.selection import History
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
    """The server of one run. `on_round` is told of every round; n_layers: the model's."""
    env, fleet, rules = context.env, scenario.fleet, scenario.rounds
    ends = EndsOfTime(env)
    needs_history = scenario.selection.needs_history
    eligibility = Eligibility(
        cost=cost,
        exchange=scenario.exchange,
        clients=clients,
        memory_share=fleet.memory_share,
        price_misses=scenario.cache.price_misses,
    )
    dispatcher = Dispatcher(
        context=context,
        clients=clients,
        cost=cost,
        exchange=scenario.exchange,
        price_misses=scenario.cache.price_misses,
        disturbances=Disturbances(streams=streams, jitter=fleet.jitter, p_dropout=fleet.p_dropout),
        participation=participation,
    )
    selector = CohortSelector(
        env=env,
        streams=streams,
        policy=scenario.selection,
        availability=AvailabilityTable([client.availability for client in clients]),
        eligibility=eligibility,
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
        eligibility=eligibility,
    )
    accountant = Accountant(
        cost=cost,
        dispatcher=dispatcher,
        log=log,
        audit=audit,
        has_client_rows=scenario.log != "rounds",
        on_round=on_round,
    )
    evaluator = Evaluator(
        env=env,
        learner=learner,
        log=log,
        plan=scenario.evaluation,
        target_accuracy=scenario.stop.target_accuracy,
        evaluation_s=fleet.server.evaluation_s,
    )
    synchronous = SynchronousRounds(
        env=env,
        ends=ends,
        rules=rules,
        aggregation_s=fleet.server.aggregation_s,
        dispatcher=dispatcher,
        aggregator=aggregator,
        accountant=accountant,
    )
    asynchronous = AsynchronousRounds(
        env=env,
        ends=ends,
        rules=rules,
        aggregation_s=fleet.server.aggregation_s,
        selector=selector,
        dispatcher=dispatcher,
        aggregator=aggregator,
        accountant=accountant,
        evaluator=evaluator,
    )
    trials = TrialRunner(
        env=env,
        ends=ends,
        streams=streams,
        learner=learner,
        log=log,
        n_clients=len(clients),
        rules=rules,
        round_limit=scenario.stop.rounds,
        time_limit_s=math.inf if scenario.stop.sim_s is None else scenario.stop.sim_s,
        eligibility=eligibility,
        selector=selector,
        evaluator=evaluator,
        synchronous=synchronous,
        asynchronous=asynchronous,
    )
    return Server(
        env=env,
        name=scenario.name,
        configurator=configurator,
        costs=partial(expected_round_cost, cost, scenario.exchange, clients),
        n_layers=n_layers,
        learner=learner,
        log=log,
        trials=trials,
        evaluator=evaluator,
        accountant=accountant,
        history=History.of(len(clients) if needs_history else 0),
    )
