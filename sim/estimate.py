"""What a round is expected to cost, for policies that look ahead."""

from __future__ import annotations

import math
from collections.abc import Sequence

from configurator.protocol import RoundCost
from learner.spec import AddOn, TuningConfig

from .client import Client
from .cost import CacheState, CostModel
from .link import OneWay
from .scenario import Exchange


def expected_round_cost(
    cost: CostModel, exchange: Exchange, clients: Sequence[Client], config: TuningConfig
) -> RoundCost:
    """The mean client's seconds, bytes and joules at its traces' mean rates, cache filled.

    An estimate: real rounds wait for their slowest client, and traces vary.
    """
    down_bytes = cost.payload_bytes(config, exchange.down_bits)
    up_bytes = cost.payload_bytes(config, exchange.up_bits)
    cache: CacheState = "hit" if isinstance(config, AddOn) else "none"
    seconds, joules = 0.0, 0.0
    for client in clients:
        down, up = client.link.down, client.link.up
        radio_s = _nominal_s(down, down_bytes) + _nominal_s(up, up_bytes)
        compute_s = cost.compute_s(client.device.profile, config, client.n_batches, cache)
        seconds += radio_s + compute_s
        joules += cost.energy_j(client.device.profile, compute_s, radio_s)
    return RoundCost(
        seconds=seconds / len(clients),
        bytes=float(down_bytes + up_bytes),
        joules=joules / len(clients),
    )


def _nominal_s(link: OneWay, n_bytes: int) -> float:
    """Seconds at the trace's mean rate; inf on a dead link."""
    mean = link.trace.mean
    return link.latency_s + (n_bytes / mean if mean else math.inf)
