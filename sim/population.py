"""Who the clients are: shards of the data, device classes, links with offsets into traces."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from learner.spec import Shard
from traces.profiles import DeviceProfile, device_profile
from traces.step import constant
from traces.synthetic import bandwidth, preset

from .client import Client
from .link import Link, OneWay
from .scenario import ConstantNetwork, Fleet, Scenario, SyntheticTask, TraceNetwork, Training
from .streams import Streams

_GOLDEN = (math.sqrt(5) - 1) / 2
_BYTES_PER_MBYTE = 1e6


def check_names(fleet: Fleet) -> None:
    """Refuse unknown devices and traces, naming the key."""
    with _at("fleet.devices"):
        for name in fleet.devices:
            device_profile(name)
    if isinstance(fleet.network, TraceNetwork):
        for key in ("downlink", "uplink"):
            with _at(f"fleet.network.{key}"):
                preset(getattr(fleet.network, key))


@contextmanager
def _at(key: str) -> Iterator[None]:
    """Put the key before the complaint of a lower layer, which does not know it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def populate(scenario: Scenario, streams: Streams, shards: Sequence[Shard]) -> list[Client]:
    """One client a shard. A client's device and offsets depend on its own id alone."""
    ids = range(len(shards))
    devices = assign_devices(scenario.fleet, streams, ids)
    links = _links(scenario.fleet.network, streams, ids)
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


def _links(
    network: ConstantNetwork | TraceNetwork, streams: Streams, ids: Sequence[int]
) -> list[Link]:
    latency_s = network.latency_s
    if isinstance(network, ConstantNetwork):
        down = constant(network.down_mbytes_per_s * _BYTES_PER_MBYTE)
        up = constant(network.up_mbytes_per_s * _BYTES_PER_MBYTE)
        return [Link(OneWay(down, latency_s), OneWay(up, latency_s))] * len(ids)
    down = bandwidth(network.downlink, streams.generator("downlink"), network.period_s)
    up = bandwidth(network.uplink, streams.generator("uplink"), network.period_s)
    offsets_s = [0.0] * len(ids)
    if network.offset == "random":
        offsets_s = [float(u) * network.period_s for u in streams.uniform("offset", ids=ids)]
    return [
        Link(OneWay(down, latency_s, offset_s), OneWay(up, latency_s, offset_s))
        for offset_s in offsets_s
    ]


def _batches(scenario: Scenario, shard: Shard) -> int:
    """Steps of one round: local epochs over the shard, capped by max_batches."""
    training = scenario.training
    batches = math.ceil(shard.n_samples / training.batch_size) * training.local_epochs
    return batches if training.max_batches is None else min(batches, training.max_batches)
