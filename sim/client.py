"""A participant: its shard, device, link and activation cache, and its part in a round."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

from simpy import Environment, Event, Interrupt

from learner.spec import Adapter, Shard, TuningConfig
from traces.profiles import DeviceProfile

from .cost import CacheState, TableCost
from .link import Link, OneWay
from .records import ComputeRow, TransferRow
from .runlog import RowFile

Process = Generator[Event, Any, Any]
Status = Literal["done", "cut"]


@dataclass(slots=True)
class Client:
    """`cached_depth` is the tuned depth at which its activation cache was filled; None: empty."""

    shard: Shard
    device: DeviceProfile
    link: Link
    n_batches: int
    cached_depth: int | None = None

    def cache_state(self, config: TuningConfig) -> CacheState:
        """What the cache does for this config: valid until the tuned depth grows."""
        if not isinstance(config, Adapter):
            return "none"
        is_valid = self.cached_depth is not None and config.depth <= self.cached_depth
        return "hit" if is_valid else "fill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all clients of a run share: the clock, the prices and where rows go (None: nowhere)."""

    env: Environment
    cost: TableCost
    cache_enabled: bool
    price_misses: bool
    rows: RowFile | None


@dataclass(slots=True)
class Bill:
    """What one client spent on one round, finished or not."""

    client_id: int
    down_bytes: int = 0
    up_bytes: int = 0
    down_s: float = 0.0
    compute_s: float = 0.0
    up_s: float = 0.0
    finished: bool = False


def participate(ground: Ground, client: Client, config: TuningConfig) -> Process:
    """Download, compute, upload; returns the Bill.

    Interrupted at any moment: bytes, seconds and joules so far stay on the bill, the update is
    lost. A cache that was filled before the interruption stays filled.
    """
    bill = Bill(client.shard.client_id)
    n_bytes = ground.cost.payload_bytes(config)
    try:
        yield from _transfer(ground, bill, client.link.down, "down", n_bytes)
        yield from _compute(ground, bill, client, config)
        yield from _transfer(ground, bill, client.link.up, "up", n_bytes)
        bill.finished = True
    except Interrupt:
        pass
    return bill


def _transfer(
    ground: Ground, bill: Bill, link: OneWay, direction: Literal["down", "up"], n_bytes: int
) -> Process:
    env, start_s, status = ground.env, ground.env.now, "cut"
    try:
        yield env.timeout(link.transfer_s(start_s, n_bytes))
        status = "done"
    finally:
        is_done = status == "done"
        moved = n_bytes if is_done else min(n_bytes, link.moved_bytes(start_s, env.now))
        if direction == "down":
            bill.down_bytes, bill.down_s = moved, env.now - start_s
        else:
            bill.up_bytes, bill.up_s = moved, env.now - start_s
        if ground.rows is not None:
            ground.rows.add(
                TransferRow(
                    t_s=env.now,
                    start_s=start_s,
                    client=bill.client_id,
                    direction=direction,
                    bytes=moved,
                    status="done" if is_done else "cut",
                )
            )


def _compute(ground: Ground, bill: Bill, client: Client, config: TuningConfig) -> Process:
    env, start_s, status = ground.env, ground.env.now, "cut"
    cache = client.cache_state(config) if ground.cache_enabled else "none"
    priced_as: CacheState = "hit" if cache == "fill" and not ground.price_misses else cache
    try:
        yield env.timeout(ground.cost.compute_s(client.device, config, client.n_batches, priced_as))
        status = "done"
        if cache == "fill" and isinstance(config, Adapter):
            client.cached_depth = config.depth
    finally:
        bill.compute_s = env.now - start_s
        if ground.rows is not None:
            ground.rows.add(
                ComputeRow(
                    t_s=env.now,
                    start_s=start_s,
                    client=bill.client_id,
                    batches=client.n_batches,
                    cache=cache,
                    status="done" if status == "done" else "cut",
                )
            )
