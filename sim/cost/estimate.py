"""What a round is expected to cost, for policies that look ahead."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from configurator.protocol import RoundCost
from learner.spec import AddOn, TuningConfig
from sim.fleet.client import CacheState, Client
from sim.fleet.link import OneWay
from sim.scenario.scenario import Exchange

from .protocol import CostModel


def expected_round_cost(
    cost: CostModel, exchange: Exchange, clients: Sequence[Client], config: TuningConfig
) -> RoundCost:
    """The mean client's seconds, bytes and joules at its traces' mean rates, cache filled.

    An estimate: real rounds wait for their slowest client, and traces vary.
    """
    payload = down_bytes, up_bytes = _payload(cost, exchange, config)
    spans = [_spans(cost, payload, client, config) for client in clients]
    joules = [
        cost.energy_j(client.device.profile, compute_s, radio_s)
        for client, (radio_s, compute_s) in zip(clients, spans, strict=True)
    ]
    return RoundCost(
        seconds=sum(radio_s + compute_s for radio_s, compute_s in spans) / len(clients),
        bytes=float(down_bytes + up_bytes),
        joules=sum(joules) / len(clients),
    )


def expected_seconds(
    cost: CostModel, exchange: Exchange, clients: Sequence[Client], config: TuningConfig
) -> NDArray[np.float64]:
    """Each client's seconds of a job, as in `expected_round_cost`; inf on a dead link."""
    payload = _payload(cost, exchange, config)
    return np.array([sum(_spans(cost, payload, client, config)) for client in clients])


def _spans(
    cost: CostModel, payload: tuple[int, int], client: Client, config: TuningConfig
) -> tuple[float, float]:
    """Seconds of communicating and of computing."""
    down_bytes, up_bytes = payload
    cache: CacheState = "hit" if isinstance(config, AddOn) else "none"
    radio_s = _nominal_s(client.link.down, down_bytes) + _nominal_s(client.link.up, up_bytes)
    return radio_s, cost.compute_s(client.device.profile, config, client.n_batches, cache)


def _payload(cost: CostModel, exchange: Exchange, config: TuningConfig) -> tuple[int, int]:
    down_bytes = cost.payload_bytes(config, exchange.down_bits)
    return down_bytes, cost.payload_bytes(config, exchange.up_bits)


def _nominal_s(link: OneWay, n_bytes: int) -> float:
    """Seconds at the trace's mean rate; inf on a dead link."""
    mean = link.trace.mean
    return link.latency_s + (n_bytes / mean if mean else math.inf)
