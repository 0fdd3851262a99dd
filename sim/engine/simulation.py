"""What a running simulation consists of; sim.build.build puts it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simpy import Environment

from configurator import Configurator
from configurator.protocol import Costs
from learner.spec import Full, Learner, StateRef, TuningConfig
from sim.build.data import Holdings
from sim.cost.eligibility import Census
from sim.fleet.availability import Presence
from sim.fleet.client import Client
from sim.fleet.roster import Roster
from sim.records import RoundRow
from sim.runlog import RunLog
from sim.scenario.scenario import Scenario
from sim.streams import Streams

from .audit import Audit
from .cohort_plan import Lines
from .dispatcher import Ground, Order
from .totals import Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One run's clock, population, learner, policy and log. `clients[i]` has client_id i.

    `facts` is what the manifest should say of model, data and population; `holdings`, who holds
    which examples, is None without data; `lines` is None where links differ. `totals` are of
    all rounds, `sidelined` of those in branches that lost their trial.
    """

    scenario: Scenario
    streams: Streams
    ground: Ground
    clients: Sequence[Client]
    learner: Learner
    configurator: Configurator
    costs: Costs
    log: RunLog
    facts: Mapping[str, Any]
    holdings: Holdings | None
    watch: Callable[[RoundRow], None]
    where: Callable[[StateRef], str]
    audit: Audit
    presences: Sequence[Presence]
    roster: Roster
    census: Census
    lines: Lines | None
    orders: dict[TuningConfig, Order] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    sidelined: Totals = field(default_factory=Totals)

    @property
    def init_seed(self) -> int:
        """Keys every fresh weight: grown and initialised states agree in their new parts."""
        return self.streams.key("init")

    def is_good_enough(self, state: StateRef) -> bool:
        """Whether the run has a target and the state reaches it on the deciding split."""
        target = self.scenario.stop.target_accuracy
        if target is None:
            return False
        (evaluation,) = self.learner.evaluate([state], self.scenario.evaluation.decide_on)
        return evaluation.accuracy >= target

    def order(self, config: TuningConfig) -> Order:
        """What a round with this configuration asks of its clients."""
        if config not in self.orders:
            cost, exchange = self.ground.cost, self.scenario.exchange
            self.orders[config] = Order(
                config=config,
                down_bytes=cost.payload_bytes(config, exchange.down_bits),
                up_bytes=cost.payload_bytes(config, exchange.up_bits),
                model_bytes=cost.payload_bytes(Full()) if exchange.deliver_model else 0,
            )
        return self.orders[config]

    @property
    def env(self) -> Environment:
        return self.ground.env
