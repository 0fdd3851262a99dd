"""Builds the clients: their devices, and the costs of their activation caches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from learner.encoder.architecture import Architecture
from learner.spec import Shard
from sim.cost.table import BYTES_PER_PARAMETER
from sim.fleet.activation_cache import ActivationCache
from sim.fleet.availability import ClientAvailability
from sim.fleet.client import Client
from sim.fleet.device import Device
from sim.fleet.link import Link
from sim.scenario.fleet import AssignDevices, NoLoad, OnOffLoad
from sim.scenario.scenario import Scenario
from sim.scenario.task import SyntheticTask, Training
from sim.streams import Streams
from traces.profiles import DeviceProfile
from traces.synthetic import gilbert_elliott

from .devices import find_profiles
from .priced_model import priced_architecture

_GOLDEN = (math.sqrt(5) - 1) / 2
_BYTES_PER_MBYTE = 1e6


def build_clients(
    scenario: Scenario,
    streams: Streams,
    shards: Sequence[Shard],
    links: Sequence[Link],
    availability: Sequence[ClientAvailability],
    trained: Architecture,
    speeds: Sequence[float],
) -> list[Client]:
    """One client for each shard. A client's device depends on the seed and its id only.

    trained: the sizes of the trained model. speeds: of each client, over that of its device class.
    """
    ids = range(len(shards))
    fleet = scenario.fleet
    classes = find_profiles(scenario, trained)
    names = assign_devices(fleet.devices, streams, ids, fleet.assign)
    profiles = [classes[name] for name in names]
    hidden = priced_architecture(scenario, trained).hidden
    devices = _devices(fleet.load, profiles, streams, ids, speeds)
    return [
        Client(
            shard=shard,
            device=devices[shard.client_id],
            link=links[shard.client_id],
            n_batches=scenario.training.n_steps(shard.n_samples),
            availability=availability[shard.client_id],
            cache=_activation_cache(scenario, shard, hidden),
        )
        for shard in shards
    ]


def _activation_cache(scenario: Scenario, shard: Shard, hidden: int) -> ActivationCache | None:
    """None where the client keeps no activations, or its shard's exceed the limit."""
    rules = scenario.cache
    text_bytes = scenario.task.max_tokens * hidden * BYTES_PER_PARAMETER
    limit_bytes = math.inf if rules.limit_mbytes is None else rules.limit_mbytes * _BYTES_PER_MBYTE
    if not rules.enabled or shard.n_samples * text_bytes > limit_bytes:
        return None
    write_rate = rules.write_mbytes_per_s if rules.price_misses else None
    write_s = text_bytes / (write_rate or math.inf) / _BYTES_PER_MBYTE
    return ActivationCache(shard.n_samples, text_bytes, write_s)


def _devices(
    load: NoLoad | OnOffLoad,
    profiles: Sequence[DeviceProfile],
    streams: Streams,
    ids: Sequence[int],
    speeds: Sequence[float],
) -> list[Device]:
    if isinstance(load, NoLoad):
        return [
            Device(profile, own_speed=speed)
            for profile, speed in zip(profiles, speeds, strict=True)
        ]
    model = gilbert_elliott(1.0, load.busy_speed, load.free_s, load.busy_s)
    shared = model.sample(streams.generator("load"), load.period_s)
    offsets_s = (streams.uniform("load offset", ids=ids) * load.period_s).tolist()
    return [
        Device(profile, shared, offset_s, speed)
        for profile, offset_s, speed in zip(profiles, offsets_s, speeds, strict=True)
    ]


def synthetic_shards(task: SyntheticTask, training: Training, n_clients: int) -> list[Shard]:
    """Shards of equal size without data."""
    n_samples = task.batches_per_client * training.batch_size
    return [
        Shard(client_id=i, n_samples=n_samples, digest=f"synthetic-{i}") for i in range(n_clients)
    ]


def assign_devices(
    shares: Mapping[str, float],
    streams: Streams,
    ids: Sequence[int],
    how: AssignDevices = "by-share",
) -> list[str]:
    """A device class for each client, in steps of the golden ratio from a random start.

    shares: of the classes. For any number of clients, each class has its share to within one or two
    clients. A client's class does not depend on the number of clients. by-id: the i-th class
    instead. Raises ValueError, naming the key, if there are fewer classes than clients.
    """
    if how == "by-id":
        classes = list(shares)
        if len(classes) < len(ids):
            raise ValueError(
                f"fleet.devices must name one class for each of {len(ids)} clients when assigned "
                f"by-id, got {len(classes)}"
            )
        return [classes[client_id] for client_id in ids]
    return [_class_at(position, shares) for position in device_positions(streams, ids)]


def device_positions(streams: Streams, ids: Sequence[int]) -> list[float]:
    """Where each client lies in [0, 1), which the shares of the device classes divide."""
    start = float(streams.uniform("device", ids=[0])[0])
    return [(start + i * _GOLDEN) % 1.0 for i in ids]


def _class_at(position: float, shares: Mapping[str, float]) -> str:
    """The class at a position in [0, 1), which the shares divide into intervals."""
    upper, total = 0.0, sum(shares.values())
    for name, share in shares.items():
        upper += share / total
        if position < upper:
            return name
    return list(shares)[-1]
