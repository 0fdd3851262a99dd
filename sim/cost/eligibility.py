"""What is publicly known of the clients under a configuration, worked out once for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learner.spec import TuningConfig
from sim.fleet.client import Client
from sim.scenario.scenario import Exchange

from .estimate import expected_seconds
from .table import CacheState, CostModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A device class that a configuration does not fit: peak and limit in bytes, and how many
    clients have such a device."""

    device: str
    needed_bytes: int
    limit_bytes: int
    n_clients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """`memory_share`: the fraction of its memory that a device gives to training (None: no limit);
    `price_misses` False: activations count as stored from the start, as in the clock."""

    cost: CostModel
    exchange: Exchange
    clients: Sequence[Client]
    memory_share: float | None
    price_misses: bool
    _seconds: dict[TuningConfig, NDArray[np.float64]] = field(default_factory=dict)
    _refusals: dict[TuningConfig, tuple[Refusal, ...]] = field(default_factory=dict)
    _samples: list[NDArray[np.int64]] = field(default_factory=list)

    def estimate_s(self, config: TuningConfig) -> NDArray[np.float64]:
        """Expected seconds of a job by client id; inf on a dead link."""
        if config not in self._seconds:
            self._seconds[config] = expected_seconds(self.cost, self.exchange, self.clients, config)
        return self._seconds[config]

    def n_samples(self) -> NDArray[np.int64]:
        """Samples by client id."""
        if not self._samples:
            self._samples.append(np.array([client.shard.n_samples for client in self.clients]))
        return self._samples[0]

    def refusals(self, config: TuningConfig) -> tuple[Refusal, ...]:
        """The device classes on which training would not fit, by name."""
        if config not in self._refusals:
            self._refusals[config] = self._refuse(config)
        return self._refusals[config]

    def able(self, config: TuningConfig, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of the clients whose devices can train the configuration."""
        refused = {refusal.device for refusal in self.refusals(config)}
        if not refused:
            return ids
        names = (self.clients[i].device.profile.name for i in ids.tolist())
        pairs = zip(ids.tolist(), names, strict=True)
        return np.array([i for i, name in pairs if name not in refused], dtype=np.int64)

    def _refuse(self, config: TuningConfig) -> tuple[Refusal, ...]:
        if self.memory_share is None:
            return ()
        cache: CacheState = "none" if self.price_misses else "hit"
        numbers = Counter(client.device.profile.name for client in self.clients)
        profiles = {client.device.profile.name: client.device.profile for client in self.clients}
        found = []
        for name, profile in sorted(profiles.items()):
            if profile.memory_bytes is None:
                continue
            needed_bytes = self.cost.memory_bytes(profile, config, cache)
            limit_bytes = int(profile.memory_bytes * self.memory_share)
            if needed_bytes > limit_bytes:
                found.append(
                    Refusal(
                        device=name,
                        needed_bytes=needed_bytes,
                        limit_bytes=limit_bytes,
                        n_clients=numbers[name],
                    )
                )
        return tuple(found)
