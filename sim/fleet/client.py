"""A participant: its shard, device, link, presence and what it has stored."""

from __future__ import annotations

from dataclasses import dataclass

from learner.spec import AddOn, Shard, TuningConfig
from sim.cost.table import CacheState

from .availability import Presence
from .device import Device
from .link import Link


@dataclass(slots=True)
class Client:
    """`cached_depth` is the tuned depth at which its activation cache was filled; None: empty.

    `can_cache`: whether it keeps activations at all, and `cache_bytes` what they take
    when kept, written in `write_s` seconds.
    `has_model`: whether the base model has been delivered.
    """

    shard: Shard
    device: Device
    link: Link
    n_batches: int
    presence: Presence
    can_cache: bool = True
    cache_bytes: int = 0
    write_s: float = 0.0
    cached_depth: int | None = None
    has_model: bool = False

    def cache_state(self, config: TuningConfig) -> CacheState:
        """What the cache does for this config: valid until the tuned depth grows."""
        if not (self.can_cache and isinstance(config, AddOn)):
            return "none"
        is_valid = self.cached_depth is not None and config.depth <= self.cached_depth
        return "hit" if is_valid else "fill"
