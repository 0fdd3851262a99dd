"""A participant: its data shard, device, link, availability, and what it has stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from simpy import Process

from learner.spec import AddOn, Shard, TuningConfig

from .availability import ClientAvailability
from .device import Device
from .link import Link

CacheState = Literal["none", "fill", "hit"]
"""What a client's stored activations do in a round: there are none, they are being written, or
they are read."""


@dataclass(slots=True)
class Client:
    """`n_batches`: training steps a round. `cached_depth`: the tuned depth for which the activation
    cache was filled (None: empty). `has_model`: the base model has been delivered.

    `processes`: the SimPy processes of its jobs under way (several, where branches train the same
    clients at once). `is_watched`: its next absence is scheduled to interrupt them.
    `can_cache`: the client keeps activations, which take `cache_bytes` and are written in
    `write_s` seconds.
    """

    shard: Shard
    device: Device
    link: Link
    n_batches: int
    availability: ClientAvailability
    can_cache: bool = True
    cache_bytes: int = 0
    write_s: float = 0.0
    cached_depth: int | None = None
    has_model: bool = False
    is_watched: bool = False
    processes: list[Process] = field(default_factory=list)

    @property
    def client_id(self) -> int:
        return self.shard.client_id

    def cache_state(self, config: TuningConfig) -> CacheState:
        """A cache serves every tuned depth up to the one for which it was filled."""
        if not (self.can_cache and isinstance(config, AddOn)):
            return "none"
        is_valid = self.cached_depth is not None and config.depth <= self.cached_depth
        return "hit" if is_valid else "fill"
