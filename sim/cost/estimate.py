"""Expected costs of a job at mean rates, for configurators and selection policies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from configurator.protocol import RoundCost
from learner.spec import AddOn, TuningConfig
from sim.fleet.client import CacheState, Client
from sim.scenario.scenario import Exchange

from .protocol import CostModel


def expected_round_cost(
    cost: CostModel, exchange: Exchange, clients: Sequence[Client], config: TuningConfig
) -> RoundCost:
    """Mean over all clients of the seconds, bytes and joules of a job, with a filled cache.

    Links are at the mean rates of their traces. Simulated rounds take longer: they wait for the
    slowest client, and traces vary.
    """
    payload = down_bytes, up_bytes = _payload(cost, exchange, config)
    times = [_times_s(cost, payload, client, config) for client in clients]
    joules = [
        cost.energy_j(client.device.profile, compute_s, radio_s)
        for client, (radio_s, compute_s) in zip(clients, times, strict=True)
    ]
    return RoundCost(
        seconds=sum(radio_s + compute_s for radio_s, compute_s in times) / len(clients),
        bytes=float(down_bytes + up_bytes),
        joules=sum(joules) / len(clients),
    )


def expected_seconds(
    cost: CostModel, exchange: Exchange, clients: Sequence[Client], config: TuningConfig
) -> NDArray[np.float64]:
    """Each client's seconds of a job, as in expected_round_cost; inf for a dead link."""
    payload = _payload(cost, exchange, config)
    return np.array([sum(_times_s(cost, payload, client, config)) for client in clients])


def _times_s(
    cost: CostModel, payload: tuple[int, int], client: Client, config: TuningConfig
) -> tuple[float, float]:
    """Seconds of communication and of computing."""
    down_bytes, up_bytes = payload
    cache: CacheState = "hit" if isinstance(config, AddOn) else "none"
    radio_s = client.link.down.expected_s(down_bytes) + client.link.up.expected_s(up_bytes)
    work_s = cost.compute_s(client.device.profile, config, client.n_batches, cache)
    return radio_s, work_s / client.device.own_speed


def _payload(cost: CostModel, exchange: Exchange, config: TuningConfig) -> tuple[int, int]:
    down_bytes = cost.payload_bytes(config, exchange.down_bits)
    return down_bytes, cost.payload_bytes(config, exchange.up_bits)
