"""What a round asks of its clients, and the ground on which they do it."""

from __future__ import annotations

from dataclasses import dataclass, field

from simpy import Environment

from learner.spec import TuningConfig
from sim.cost.table import CacheState, CostModel
from sim.fleet.client import Client
from sim.runlog import RowFile
from sim.scenario.fleet import WhenOffline

from .plan import UP, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all clients of a run share: the clock, the prices and the rules.

    `rows` takes a row for each stretch of work (None: nowhere). `stuck` says, by client, which
    work will never end.
    """

    env: Environment
    cost: CostModel
    price_misses: bool
    when_offline: WhenOffline
    rows: RowFile | None
    stuck: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a round asks of its clients.

    `model_bytes` goes on top for who has no base model yet. `prices`: full-speed seconds by device
    class, batches and cache state, filled as they are met.
    """

    config: TuningConfig
    down_bytes: int
    up_bytes: int
    model_bytes: int = 0
    prices: dict[tuple[str, int, CacheState], float] = field(default_factory=dict)


def task_of(
    ground: Ground,
    order: Order,
    client: Client,
    cache: CacheState,
    work_factor: float,
    drop_at: float,
) -> Task:
    """The order as one client meets it.

    work_factor: multiplies its seconds of computing. drop_at: as in Bill.
    """
    down_bytes = order.down_bytes
    if order.model_bytes and not client.has_model:
        down_bytes += order.model_bytes
    work_s = _price_s(ground, order, client, cache) * work_factor
    amounts: list[float] = [down_bytes, work_s, order.up_bytes]
    drop_stage = int(drop_at)
    if drop_stage <= UP:
        amounts[drop_stage] *= drop_at - drop_stage
    paces = (client.link.down, client.device, client.link.up)
    return Task(paces, amounts, drop_stage, client.presence, ground.when_offline)


def _price_s(ground: Ground, order: Order, client: Client, cache: CacheState) -> float:
    """Full-speed seconds of computing, priced once for all alike."""
    priced_as: CacheState = "hit" if cache == "fill" and not ground.price_misses else cache
    profile = client.device.profile
    key = (profile.name, client.n_batches, priced_as)
    price_s = order.prices.get(key)
    if price_s is None:
        price_s = ground.cost.compute_s(profile, order.config, client.n_batches, priced_as)
        order.prices[key] = price_s
    return price_s + client.write_s if priced_as == "fill" else price_s
