"""A participant: its data shard, device, link, availability, and what it has stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from simpy import Process

from learner.spec import Shard

from .activation_cache import ActivationCache
from .availability import ClientAvailability
from .device import Device
from .link import Link

CacheState = Literal["none", "fill", "hit"]
"""What a client's stored activations do in a job: it keeps none, some are missing and are computed
and written, or all are read."""


@dataclass(slots=True)
class Client:
    """`n_batches`: training steps a round. `cache`: its stored activations (None: it keeps none).
    `has_model`: the base model has been delivered.

    `processes`: the SimPy processes of its jobs under way (several, where branches train the same
    clients at once). `is_watched`: its next absence is scheduled to interrupt them.
    """

    shard: Shard
    device: Device
    link: Link
    n_batches: int
    availability: ClientAvailability
    cache: ActivationCache | None = None
    has_model: bool = False
    is_watched: bool = False
    processes: list[Process] = field(default_factory=list)

    @property
    def client_id(self) -> int:
        return self.shard.client_id
