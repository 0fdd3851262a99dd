"""Which clients have the memory for a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learner.plan import Tiers, TuningPlan, parts_of, shape
from learner.spec import TuningConfig
from sim.fleet.client import CacheState, Client

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
    `price_misses` False: activations count as cached from the start, by the clients that store any.
    """

    cost: CostModel
    clients: Sequence[Client]
    memory_share: float | None
    price_misses: bool
    _found: dict[TuningConfig, tuple[IneligibleDevice, ...]] = field(default_factory=dict)

    def ineligible(self, plan: TuningPlan) -> tuple[IneligibleDevice, ...]:
        """The device classes that lack the memory for the plan, ordered by name."""
        return self.lacking(needed_config(plan))

    def eligible(self, plan: TuningPlan, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The given clients without those whose devices lack the memory."""
        excluded = {device.device for device in self.ineligible(plan)}
        if not excluded:
            return ids
        names = (self.clients[i].device.profile.name for i in ids.tolist())
        pairs = zip(ids.tolist(), names, strict=True)
        return np.array([i for i, name in pairs if name not in excluded], dtype=np.int64)

    def lacking(self, config: TuningConfig) -> tuple[IneligibleDevice, ...]:
        """The device classes that lack the memory to run a configuration, ordered by name."""
        if config not in self._found:
            self._found[config] = self._find(config)
        return self._found[config]

    def _find(self, config: TuningConfig) -> tuple[IneligibleDevice, ...]:
        if self.memory_share is None:
            return ()
        numbers = Counter(client.device.profile.name for client in self.clients)
        storing = set(numbers) if not self.price_misses else set[str]()
        storing -= {one.device.profile.name for one in self.clients if one.cache is None}
        profiles = {client.device.profile.name: client.device.profile for client in self.clients}
        found = []
        for name, profile in sorted(profiles.items()):
            if profile.memory_bytes is None:
                continue
            cache: CacheState = "hit" if name in storing else "none"
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


def needed_config(plan: TuningPlan) -> TuningConfig:
    """The configuration for which every client of a plan must have the memory: the last of tiers,
    since the others are for those that have more; otherwise the whole state."""
    if isinstance(plan, Tiers):
        return parts_of(plan)[-1].received
    return shape(plan)
