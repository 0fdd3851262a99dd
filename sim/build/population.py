"""Who the clients are: shards of the data and devices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from learner.spec import Shard
from sim.cost.table import BYTES_PER_PARAMETER
from sim.fleet.availability import ClientAvailability
from sim.fleet.client import Client
from sim.fleet.device import Device
from sim.fleet.link import Link
from sim.scenario.fleet import (
    Fleet,
    NoLoad,
    OnOffLoad,
)
from sim.scenario.scenario import Scenario
from sim.scenario.task import SyntheticTask, Training
from sim.streams import Streams
from traces.device_csv import load_devices
from traces.profiles import DeviceProfile, Model, device_profile
from traces.synthetic import gilbert_elliott

_GOLDEN = (math.sqrt(5) - 1) / 2
_BYTES_PER_MBYTE = 1e6


def rows_of(scenario: Scenario) -> Model:
    """The model whose published seconds price a batch: the scenario's own where they are read as
    they are; what is carried to another model starts from BERT-base."""
    cost = scenario.cost
    is_carried = cost.kind == "analytic" or cost.scale != "none"
    is_distilbert = scenario.model.source == "shape:distilbert-base"
    return "distilbert" if is_distilbert and not is_carried else "bert-base"


def find_profiles(fleet: Fleet, rows: Model = "bert-base") -> dict[str, DeviceProfile]:
    """The fleet's device classes by name, the embedded ones with the published rows of a model.

    Raises ValueError naming the key, TraceError naming the file and line.
    """
    own = {} if fleet.device_file is None else load_devices(Path(fleet.device_file).expanduser())
    try:
        return {name: own.get(name) or device_profile(name, rows) for name in fleet.devices}
    except ValueError as error:
        raise ValueError(f"fleet.devices: {error}") from None


def populate(
    scenario: Scenario,
    streams: Streams,
    shards: Sequence[Shard],
    links: Sequence[Link],
    availability: Sequence[ClientAvailability],
    hidden: int,
) -> list[Client]:
    """One client a shard. A client's device depends on its own id alone.

    hidden: the model's width, for the size of stored activations.
    """
    ids = range(len(shards))
    fleet = scenario.fleet
    profiles = assign_devices(fleet, streams, ids, rows_of(scenario))
    devices = _devices(fleet.load, profiles, streams, ids)
    return [
        Client(
            shard=shard,
            device=devices[shard.client_id],
            link=links[shard.client_id],
            n_batches=scenario.training.n_steps(shard.n_samples),
            availability=availability[shard.client_id],
            **_storage(scenario, shard, hidden),
        )
        for shard in shards
    ]


def _storage(scenario: Scenario, shard: Shard, hidden: int) -> dict[str, Any]:
    """What keeping the shard's activations takes, and whether the client can."""
    rules = scenario.cache
    n_bytes = shard.n_samples * scenario.task.max_tokens * hidden * BYTES_PER_PARAMETER
    fits = rules.limit_mbytes is None or n_bytes <= rules.limit_mbytes * _BYTES_PER_MBYTE
    write_s = n_bytes / (rules.write_mbytes_per_s or math.inf) / _BYTES_PER_MBYTE
    return {"can_cache": rules.enabled and fits, "cache_bytes": n_bytes, "write_s": write_s}


def _devices(
    load: NoLoad | OnOffLoad,
    profiles: Sequence[DeviceProfile],
    streams: Streams,
    ids: Sequence[int],
) -> list[Device]:
    if isinstance(load, NoLoad):
        return [Device(profile) for profile in profiles]
    model = gilbert_elliott(1.0, load.busy_speed, load.free_s, load.busy_s)
    speed = model.sample(streams.generator("load"), load.period_s)
    offsets_s = streams.uniform("load offset", ids=ids) * load.period_s
    return [
        Device(profile, speed, offset_s)
        for profile, offset_s in zip(profiles, offsets_s.tolist(), strict=True)
    ]


def synthetic_shards(task: SyntheticTask, training: Training, n_clients: int) -> list[Shard]:
    n_samples = task.batches_per_client * training.batch_size
    return [
        Shard(client_id=i, n_samples=n_samples, digest=f"synthetic-{i}") for i in range(n_clients)
    ]


def assign_devices(
    fleet: Fleet, streams: Streams, ids: Sequence[int], rows: Model = "bert-base"
) -> list[DeviceProfile]:
    """A device class for each client: golden-ratio steps through the shares from a keyed start.

    Shares are met to within a client or two for any number of clients, and no client's class
    depends on how many others there are.
    """
    profiles = find_profiles(fleet, rows)
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
