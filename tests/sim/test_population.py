"""Devices and links of a population."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from learner.spec import Shard
from sim.population import assign_devices, populate, synthetic_shards
from sim.scenario_fleet import ConstantNetwork, Fleet
from sim.streams import Streams

NETWORK = ConstantNetwork(kind="constant", down_mbytes_per_s=1, up_mbytes_per_s=1)
THIRDS = {"jetson-tx2": 1 / 3, "jetson-nano": 1 / 3, "raspberry-pi-4b": 1 / 3}


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_met_to_within_a_client_or_two(seed: int) -> None:
    fleet = Fleet(devices=THIRDS, network=NETWORK)
    devices = assign_devices(fleet, Streams(seed), range(100))
    assert all(32 <= n <= 35 for n in Counter(device.name for device in devices).values())


def test_more_clients_move_nobodys_device() -> None:
    fleet = Fleet(devices=THIRDS, network=NETWORK)
    few = assign_devices(fleet, Streams(0), range(10))
    assert assign_devices(fleet, Streams(0), range(50))[:10] == few


def test_every_client_meets_the_trace_at_its_own_offset(make: Any) -> None:
    network = {"kind": "trace", "downlink": "lte.down", "uplink": "lte.up", "period_s": 60.0}
    scenario = make(**{"fleet.network": network, "partition.clients": 20})
    clients = populate(scenario, Streams(0), synthetic_shards(scenario.task, scenario.training, 20))
    offsets = {client.link.down.offset_s for client in clients}
    assert len(offsets) == 20
    assert all(0 <= offset_s < 60 for offset_s in offsets)
    assert len({id(client.link.down.trace) for client in clients}) == 1


@pytest.mark.parametrize(
    ("n_samples", "epochs", "cap", "batches"), [(9, 1, None, 3), (9, 2, None, 6), (9, 2, 4, 4)]
)
def test_batches_are_epochs_over_the_shard_up_to_the_cap(
    make: Any, n_samples: int, epochs: int, cap: int | None, batches: int
) -> None:
    training = {"local_epochs": epochs, "max_batches": cap}
    scenario = make(**{f"training.{key}": value for key, value in training.items()})
    shard = Shard(client_id=0, n_samples=n_samples, digest="")
    (client,) = populate(scenario, Streams(0), [shard])
    assert client.n_batches == batches
