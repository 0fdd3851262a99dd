"""Who the clients are: shards of the data, device classes, links."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from learner.spec import Shard
from traces.profiles import DeviceProfile, device_profile

from .client import Client
from .link import Link
from .scenario import Fleet, Scenario, SyntheticTask, Training
from .streams import Streams

_GOLDEN = (math.sqrt(5) - 1) / 2


def check_devices(fleet: Fleet) -> None:
    """Refuse unknown devices, naming the key."""
    for name in fleet.devices:
        try:
            device_profile(name)
        except ValueError as error:
            raise ValueError(f"fleet.devices: {error}") from None


def populate(
    scenario: Scenario, streams: Streams, shards: Sequence[Shard], links: Sequence[Link]
) -> list[Client]:
    """One client a shard. A client's device depends on its own id alone."""
    devices = assign_devices(scenario.fleet, streams, range(len(shards)))
    return [
        Client(
            shard=shard,
            device=devices[shard.client_id],
            link=links[shard.client_id],
            n_batches=_batches(scenario, shard),
        )
        for shard in shards
    ]


def synthetic_shards(task: SyntheticTask, training: Training, n_clients: int) -> list[Shard]:
    n_samples = task.batches_per_client * training.batch_size
    return [
        Shard(client_id=i, n_samples=n_samples, digest=f"synthetic-{i}") for i in range(n_clients)
    ]


def assign_devices(fleet: Fleet, streams: Streams, ids: Sequence[int]) -> list[DeviceProfile]:
    """A device class for each client: golden-ratio steps through the shares from a keyed start.

    Shares are met to within a client or two for any number of clients, and no client's class
    depends on how many others there are.
    """
    profiles = {name: device_profile(name) for name in fleet.devices}
    start = float(streams.uniform("device", ids=[0])[0])
    return [profiles[_class_at((start + i * _GOLDEN) % 1.0, fleet.devices)] for i in ids]


def _class_at(position: float, shares: Mapping[str, float]) -> str:
    """The class whose stretch of [0, 1) holds the position."""
    upper, total = 0.0, sum(shares.values())
    for name, share in shares.items():
        upper += share / total
        if position < upper:
            return name
    return list(shares)[-1]


def _batches(scenario: Scenario, shard: Shard) -> int:
    """Steps of one round: local epochs over the shard, capped by max_batches."""
    training = scenario.training
    batches = math.ceil(shard.n_samples / training.batch_size) * training.local_epochs
    return batches if training.max_batches is None else min(batches, training.max_batches)
