"""Gives clients their tasks, priced for their hardware, and starts their processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from learner.spec import Full, TuningConfig
from sim.cost.protocol import CostModel
from sim.fleet.client import CacheState, Client
from sim.scenario.scenario import Exchange

from .client_job import NO_DROPOUT, UP, ClientJob, Task
from .context import Context
from .disturbances import Disturbances
from .lineage import Lineage
from .participation import Participation, participate, run_job


class Payload(NamedTuple):
    """Bytes of one configuration: of the state down, of the update up, and of the base model, which
    comes on top for a client that does not have it yet (0: it is never sent)."""

    down_bytes: int
    up_bytes: int
    model_bytes: int


Prices = dict[tuple[str, int, CacheState], float]
"""Seconds of computing by device class, number of batches and state of the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """`price_misses` False: activations count as stored from the start, as in the paper.

    `participation` is what a client does in a round. Prices are computed once for all clients that
    are alike. `clients[i]` has client_id i.
    """

    context: Context
    clients: Sequence[Client]
    cost: CostModel
    exchange: Exchange
    price_misses: bool
    disturbances: Disturbances
    participation: Participation = participate
    _payloads: dict[TuningConfig, Payload] = field(default_factory=dict)
    _prices_s: dict[TuningConfig, Prices] = field(default_factory=dict)

    def payload(self, config: TuningConfig) -> Payload:
        payload = self._payloads.get(config)
        if payload is None:
            payload = self._payloads[config] = Payload(
                down_bytes=self.cost.payload_bytes(config, self.exchange.down_bits),
                up_bytes=self.cost.payload_bytes(config, self.exchange.up_bits),
                model_bytes=self.cost.payload_bytes(Full()) if self.exchange.deliver_model else 0,
            )
        return payload

    def jobs(self, lineage: Lineage, attempt: int, ids: Sequence[int]) -> list[ClientJob]:
        """A job for every client of a cohort, from the lineage's state."""
        drawn = self.disturbances.draw(lineage.round, attempt, ids)
        payload, prices = self.payload(lineage.config), self._prices(lineage.config)
        return [
            self._job(lineage, payload, prices, client_id, 0, factor, point)
            for client_id, (factor, point) in zip(ids, drawn, strict=True)
        ]

    def job(
        self,
        lineage: Lineage,
        client_id: int,
        *,
        repeat: int = 0,
        work_factor: float = 1.0,
        dropout_at: float = NO_DROPOUT,
    ) -> ClientJob:
        """One client's job from the lineage's state.

        work_factor: multiplies its compute seconds. dropout_at: where the client vanishes, 0 to 3
        stages into its work (3: not at all). repeat: as in ClientJob.
        """
        payload, prices = self.payload(lineage.config), self._prices(lineage.config)
        return self._job(lineage, payload, prices, client_id, repeat, work_factor, dropout_at)

    def start(self, job: ClientJob, report: Callable[[ClientJob], None]) -> None:
        """Start the client's process; `report` is called when the client is done or lost."""
        job.process = self.context.env.process(run_job(job, self.participation, report))

    def _job(
        self,
        lineage: Lineage,
        payload: Payload,
        prices: Prices,
        client_id: int,
        repeat: int,
        work_factor: float,
        dropout_at: float,
    ) -> ClientJob:
        client, config = self.clients[client_id], lineage.config
        down_bytes, up_bytes, model_bytes = payload
        if model_bytes and not client.has_model:
            down_bytes += model_bytes
        cache = client.cache_state(config)
        work_s = self._price_s(client, config, cache, prices) * work_factor
        amounts: list[float] = [down_bytes, work_s, up_bytes]
        dropout_stage = int(dropout_at)
        if dropout_stage <= UP:
            amounts[dropout_stage] *= dropout_at - dropout_stage
        link = client.link
        task = Task(config, cache, (link.down, client.device, link.up), amounts, dropout_stage)
        return ClientJob(
            self.context, client, task, base=lineage.state, version=lineage.round, repeat=repeat
        )

    def _prices(self, config: TuningConfig) -> Prices:
        return self._prices_s.setdefault(config, {})

    def _price_s(
        self, client: Client, config: TuningConfig, cache: CacheState, prices: Prices
    ) -> float:
        """Seconds of computing at full speed, writing the cache included."""
        priced_as: CacheState = "hit" if cache == "fill" and not self.price_misses else cache
        profile = client.device.profile
        key = (profile.name, client.n_batches, priced_as)
        price_s = prices.get(key)
        if price_s is None:
            price_s = self.cost.compute_s(profile, config, client.n_batches, priced_as)
            prices[key] = price_s
        return price_s + client.write_s if priced_as == "fill" else price_s
