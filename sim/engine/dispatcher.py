"""Gives clients their tasks, priced for their hardware, and starts their processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from learner.batch_order import batch_order
from learner.spec import AddOn, Full, TuningConfig, tuned_depth
from sim.cost.protocol import CostModel
from sim.fleet.client import CacheState, Client
from sim.scenario.scenario import Exchange
from sim.streams import Streams
from traces.profiles import DeviceProfile

from .client_job import NO_DROPOUT, UP, ClientJob, Task, job_seed
from .context import Context
from .disturbances import Disturbances
from .lineage import Lineage
from .participation import Participation, participate, run_job
from .training_steps import Order, StepPrice, TrainingSteps


class Payload(NamedTuple):
    """Bytes of one configuration: of the state down, of the update up, and of the base model, which
    comes on top for a client that does not have it yet (0: it is never sent)."""

    down_bytes: int
    up_bytes: int
    model_bytes: int


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
    participation: Participation = participate
    _payloads: dict[TuningConfig, Payload] = field(default_factory=dict)
    _prices: dict[TuningConfig, dict[str, StepPrice]] = field(default_factory=dict)

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
        payload, prices = self.payload(lineage.config), self._step_prices(lineage.config)
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
        payload, prices = self.payload(lineage.config), self._step_prices(lineage.config)
        return self._job(lineage, payload, prices, client_id, repeat, work_factor, dropout_at)

    def start(self, job: ClientJob, report: Callable[[ClientJob], None]) -> None:
        """Start the client's process; `report` is called when the client is done or lost."""
        job.process = self.context.env.process(run_job(job, self.participation, report))

    def _job(
        self,
        lineage: Lineage,
        payload: Payload,
        prices: Mapping[str, StepPrice],
        client_id: int,
        repeat: int,
        work_factor: float,
        dropout_at: float,
    ) -> ClientJob:
        client, config = self.clients[client_id], lineage.config
        down_bytes, up_bytes, model_bytes = payload
        if model_bytes and not client.has_model:
            down_bytes += model_bytes
        price = prices[client.device.profile.name]
        work_s, cache, steps = self._training(lineage, client, price, repeat, work_factor)
        amounts: list[float] = [down_bytes, work_s, up_bytes]
        dropout_stage = int(dropout_at)
        if dropout_stage <= UP:
            amounts[dropout_stage] *= dropout_at - dropout_stage
        link = client.link
        resources = (link.down, client.device, link.up)
        task = Task(config, cache, steps, resources, amounts, dropout_stage)
        return ClientJob(
            self.context, client, task, base=lineage.state, version=lineage.round, repeat=repeat
        )

    def _training(
        self, lineage: Lineage, client: Client, price: StepPrice, repeat: int, factor: float
    ) -> tuple[float, CacheState, TrainingSteps | None]:
        """Seconds of computing at full speed, what the stored activations do, and the training
        steps that store some."""
        cache, n_steps = client.cache, client.n_batches
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

    def _step_prices(self, config: TuningConfig) -> dict[str, StepPrice]:
        """The price of a training step by device class."""
        prices = self._prices.get(config)
        if prices is None:
            devices = (client.device.profile for client in self.clients)
            profiles = {profile.name: profile for profile in devices}
            has_cache = isinstance(config, AddOn) and any(
                client.cache is not None for client in self.clients
            )
            prices = {
                name: self._step_price(one, config, has_cache) for name, one in profiles.items()
            }
            self._prices[config] = prices
        return prices

    def _step_price(
        self, profile: DeviceProfile, config: TuningConfig, has_cache: bool
    ) -> StepPrice:
        """Without a cache, a hit never occurs, and a device need not be measured with one."""
        depth = tuned_depth(config, self.n_layers)
        miss_s = self.cost.compute_s(profile, config, 1, "none")
        hit_s = self.cost.compute_s(profile, config, 1, "hit") if has_cache else miss_s
        return StepPrice(
            depth=depth,
            n_frozen=self.n_layers - depth,
            plain_s=miss_s,
            hit_s=hit_s,
            miss_s=miss_s if self.price_misses else hit_s,
            has_cache=has_cache,
        )
