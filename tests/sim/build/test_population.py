"""Building clients: devices, batches and background load."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from learner.encoder.architecture import BERT_BASE
from learner.spec import Shard
from sim.build.population import assign_devices, build_clients, synthetic_shards
from sim.build.priced_model import table_model
from sim.fleet.availability import ClientAvailability
from sim.fleet.link import Link, OneWay
from sim.scenario.scenario import Scenario
from sim.streams import Streams
from traces.availability import always
from traces.profiles import seconds_per_batch
from traces.step import constant

AVAILABLE = ClientAvailability(always)
LINK = Link(OneWay(constant(1.0)), OneWay(constant(1.0)))
THIRDS = {"jetson-tx2": 1 / 3, "jetson-nano": 1 / 3, "raspberry-pi-4b": 1 / 3}


@pytest.mark.parametrize("seed", range(5))
def test_every_device_class_has_its_share_of_the_clients(seed: int) -> None:
    devices = assign_devices(THIRDS, Streams(seed), range(100))
    assert all(32 <= n <= 35 for n in Counter(devices).values())


def test_distilbert_has_its_own_published_seconds_unless_they_are_scaled(make: Any) -> None:
    distilbert = {"model.source": "shape:distilbert-base"}
    assert batch_s(make(**distilbert)) == pytest.approx([2.14 / 20, 10.94 / 20], rel=1e-12)
    assert batch_s(make()) == pytest.approx([0.09, 0.54], rel=1e-12)
    analytic = make(**distilbert, cost={"kind": "analytic"})
    assert table_model(analytic) == table_model(make()) == "bert-base"


def batch_s(scenario: Scenario) -> list[float]:
    """Seconds of a cached batch with one and with six tuned layers on the first client's device."""
    shards = synthetic_shards(scenario.task, scenario.training, 1)  # type: ignore[arg-type]
    (client,) = build_clients(scenario, Streams(0), shards, [LINK], [AVAILABLE], BERT_BASE, [1.0])
    return [seconds_per_batch(client.device.profile, "adapter_cached", depth) for depth in (1, 6)]


def test_more_clients_change_no_clients_device() -> None:
    few = assign_devices(THIRDS, Streams(0), range(10))
    assert assign_devices(THIRDS, Streams(0), range(50))[:10] == few


@pytest.mark.parametrize("seed", range(3))
def test_by_id_every_client_has_the_class_of_its_place(seed: int) -> None:
    streams = Streams(seed)
    assert assign_devices(THIRDS, streams, range(3), "by-id") == [*THIRDS]
    assert assign_devices(THIRDS, streams, range(2), "by-id") == [*THIRDS][:2]
    with pytest.raises(ValueError, match="one class for each of 4 clients when assigned by-id"):
        assign_devices(THIRDS, streams, range(4), "by-id")


@pytest.mark.parametrize(
    ("n_samples", "epochs", "cap", "batches"), [(9, 1, None, 3), (9, 2, None, 6), (9, 2, 4, 4)]
)
def test_batches_are_epochs_over_the_shard_up_to_the_cap(
    make: Any, n_samples: int, epochs: int, cap: int | None, batches: int
) -> None:
    training = {"local_epochs": epochs, "max_batches": cap}
    scenario = make(**{f"training.{key}": value for key, value in training.items()})
    shard = Shard(client_id=0, n_samples=n_samples, digest="")
    (client,) = build_clients(scenario, Streams(0), [shard], [LINK], [AVAILABLE], BERT_BASE, [1.0])
    assert client.n_batches == batches


def test_background_load_slows_each_client_at_its_own_times(make: Any) -> None:
    load = {"kind": "on-off", "free_s": 10, "busy_s": 10, "busy_speed": 0.5, "period_s": 100}
    scenario = make(**{"fleet.load": load, "partition.clients": 20})
    shards = synthetic_shards(scenario.task, scenario.training, 20)
    clients = build_clients(
        scenario, Streams(0), shards, [LINK] * 20, [AVAILABLE] * 20, BERT_BASE, [1.0] * 20
    )
    needed = [client.device.time_for(0.0, 6.0) for client in clients]
    assert all(6.0 <= seconds <= 12.0 + 1e-9 for seconds in needed)
    assert len(set(needed)) > 3
    assert [c.device.done_by(0.0, s) for c, s in zip(clients, needed, strict=True)] == (
        pytest.approx([6.0] * 20)
    )
