"""Which clients have the memory to train a configuration, and the expected time of their jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learner.spec import TuningConfig
from sim.fleet.client import CacheState, Client
from sim.scenario.scenario import Exchange

from .estimate import expected_seconds
from .protocol import CostModel


@dataclass(frozen=True, slots=True, kw_only=True)
class IneligibleDevice:
    """A device class that lacks the memory for a configuration: the peak bytes that training needs,
    the limit, and the number of clients with this device."""

    device: str
    needed_bytes: int
    limit_bytes: int
    n_clients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Results are computed once for each configuration.

    `memory_share`: fraction (0-1) of a device's memory that training may use (None: no limit).
    `price_misses` False: activations count as cached from the start.
    """

    cost: CostModel
    exchange: Exchange
    clients: Sequence[Client]
    memory_share: float | None
    price_misses: bool
    _seconds: dict[TuningConfig, NDArray[np.float64]] = field(default_factory=dict)
    _ineligible: dict[TuningConfig, tuple[IneligibleDevice, ...]] = field(default_factory=dict)
    _samples: list[NDArray[np.int64]] = field(default_factory=list)

    def expected_s(self, config: TuningConfig) -> NDArray[np.float64]:
        """Expected seconds of a job, by client id; inf for a client with a dead link."""
        if config not in self._seconds:
            self._seconds[config] = expected_seconds(self.cost, self.exchange, self.clients, config)
        return self._seconds[config]

    def n_samples(self) -> NDArray[np.int64]:
        """Number of training examples, by client id."""
        if not self._samples:
            self._samples.append(np.array([client.shard.n_samples for client in self.clients]))
        return self._samples[0]

    def ineligible(self, config: TuningConfig) -> tuple[IneligibleDevice, ...]:
        """The device classes that lack the memory for the configuration, ordered by name."""
        if config not in self._ineligible:
            self._ineligible[config] = self._find_ineligible(config)
        return self._ineligible[config]

    def eligible(self, config: TuningConfig, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The given clients without those whose devices lack the memory."""
        excluded = {device.device for device in self.ineligible(config)}
        if not excluded:
            return ids
        names = (self.clients[i].device.profile.name for i in ids.tolist())
        pairs = zip(ids.tolist(), names, strict=True)
        return np.array([i for i, name in pairs if name not in excluded], dtype=np.int64)

    def _find_ineligible(self, config: TuningConfig) -> tuple[IneligibleDevice, ...]:
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
                    IneligibleDevice(
                        device=name,
                        needed_bytes=needed_bytes,
                        limit_bytes=limit_bytes,
                        n_clients=numbers[name],
                    )
                )
        return tuple(found)
