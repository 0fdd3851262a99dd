"""Gives clients their jobs, priced for their hardware, and starts their processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from learner.batch_order import batch_order
from learner.plan import Part, TuningPlan, parts_of
from learner.spec import Full
from sim.cost.protocol import CostModel
from sim.cost.step_price import StepPrice, step_price
from sim.fleet.client import CacheState, Client
from sim.scenario.scenario import Exchange
from sim.streams import Streams

from .assignment import Assignment
from .client_job import NO_DROPOUT, UP, ClientJob, job_seed
from .context import Context
from .disturbances import Disturbances
from .lineage import Lineage
from .participation import Participation, participate, run_job
from .training_steps import Order, TrainingSteps


class Payload(NamedTuple):
    """Bytes of training one part: of the state down, of the update up, and of the base model, which
    comes on top for a client that does not have it yet (0: it is never sent)."""

    down_bytes: int
    up_bytes: int
    model_bytes: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A part of a plan with its bytes, and its price of a training step by device class."""

    part: Part
    part_no: int
    payload: Payload
    prices: Mapping[str, StepPrice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    """`batch_size`: texts of a training step. `n_layers`: the model's. `price_misses` False:
    activations that are not stored cost as much as stored ones, as in the paper.

    `participation` is what a client does in a round. Prices are computed once for all clients that
    are alike. `clients[i]` has client_id i.
    """

    context: Context
    clients: Sequence[Client]
    cost: CostModel
    exchange: Exchange
    streams: Streams
    batch_size: int
    n_layers: int
    price_misses: bool
    disturbances: Disturbances
    assignment: Assignment
    participation: Participation = participate
    _offers: dict[TuningPlan, tuple[Offer, ...]] = field(default_factory=dict)

    def offers(self, plan: TuningPlan) -> Sequence[Offer]:
        """The parts of a plan in its order, priced."""
        offers = self._offers.get(plan)
        if offers is None:
            offers = self._offers[plan] = tuple(
                Offer(part, i, self._payload(part), self._step_prices(part))
                for i, part in enumerate(parts_of(plan))
            )
        return offers

    def jobs(self, lineage: Lineage, attempt: int, ids: Sequence[int]) -> list[ClientJob]:
        """A job for every client of a cohort, from the lineage's state."""
        drawn = self.disturbances.draw(lineage.round, attempt, ids)
        offers = self.offers(lineage.plan)
        chosen = self.assignment.of_cohort(lineage.plan, lineage.round, attempt, ids)
        n_batches = self.assignment.n_batches(lineage.plan)
        return [
            self._job(lineage, offers[i], client_id, n_batches[client_id], 0, factor, point)
            for client_id, i, (factor, point) in zip(ids, chosen, drawn, strict=True)
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
        chosen = self.assignment.of_client(lineage.plan, lineage.round, repeat, client_id)
        offer = self.offers(lineage.plan)[chosen]
        n_batches = self.assignment.n_batches(lineage.plan)[client_id]
        return self._job(lineage, offer, client_id, n_batches, repeat, work_factor, dropout_at)

    def start(self, job: ClientJob, report: Callable[[ClientJob], None]) -> None:
        """Start the client's process; `report` is called when the client is done or lost."""
        job.process = self.context.env.process(run_job(job, self.participation, report))

    def _job(
        self,
        lineage: Lineage,
        offer: Offer,
        client_id: int,
        n_batches: int,
        repeat: int,
        work_factor: float,
        dropout_at: float,
    ) -> ClientJob:
        client = self.clients[client_id]
        down_bytes, up_bytes, model_bytes = offer.payload
        if model_bytes and not client.has_model:
            down_bytes += model_bytes
        price = offer.prices[client.device.profile.name]
        work_s, cache, steps = self._training(
            lineage, client, price, n_batches, repeat, work_factor
        )
        amounts: list[float] = [down_bytes, work_s, up_bytes]
        dropout_stage = int(dropout_at)
        if dropout_stage <= UP:
            amounts[dropout_stage] *= dropout_at - dropout_stage
        return ClientJob(
            self.context,
            client,
            offer.part,
            offer.part_no,
            n_batches,
            amounts,
            cache,
            steps,
            dropout_stage,
            lineage.state,
            lineage.round,
            repeat,
        )

    def _training(
        self,
        lineage: Lineage,
        client: Client,
        price: StepPrice,
        n_steps: int,
        repeat: int,
        factor: float,
    ) -> tuple[float, CacheState, TrainingSteps | None]:
        """Seconds of computing at full speed, what the stored activations do, and the training
        steps that store some."""
        cache = client.cache
        if cache is None or not price.has_cache:
            return n_steps * price.plain_s * factor, "none", None
        if isinstance(cache.depths, int) and cache.depths >= price.depth:
            return n_steps * price.hits_s(cache.depths) * factor, "hit", None
        job = (client.client_id, lineage.round, repeat)
        steps = TrainingSteps(
            cache,
            price,
            n_steps=n_steps,
            batch_size=self.batch_size,
            draw=lambda: self._order(job, cache.n_texts, n_steps),
            factor=factor,
        )
        return steps.work_s, "fill" if steps.n_new else "hit", steps

    def _order(self, job: tuple[int, int, int], n_texts: int, n_steps: int) -> Order:
        return batch_order(job_seed(self.streams, *job), n_texts, self.batch_size, n_steps)

    def _payload(self, part: Part) -> Payload:
        return Payload(
            down_bytes=self.cost.payload_bytes(part.received, self.exchange.down_bits),
            up_bytes=self.cost.payload_bytes(part.config, self.exchange.up_bits),
            model_bytes=self.cost.payload_bytes(Full()) if self.exchange.deliver_model else 0,
        )

    def _step_prices(self, part: Part) -> dict[str, StepPrice]:
        """The price of a training step by device class."""
        profiles = {one.device.profile.name: one.device.profile for one in self.clients}
        has_cache = any(client.cache is not None for client in self.clients)
        prices = {
            name: step_price(self.cost, profile, part, n_layers=self.n_layers, has_cache=has_cache)
            for name, profile in profiles.items()
        }
        if self.price_misses:
            return prices
        return {name: price._replace(miss_s=price.hit_s) for name, price in prices.items()}
