"""What a round is expected to cost, for policies that look ahead."""

from __future__ import annotations

from collections.abc import Sequence

from configurator.protocol import RoundCost
from learner.spec import Adapter, TuningConfig

from .client import Client
from .cost import CacheState, CostModel


def expected_round_cost(
    cost: CostModel, clients: Sequence[Client], config: TuningConfig
) -> RoundCost:
    """The mean client's seconds, bytes and joules at its traces' mean rates, cache filled.

    An estimate: real rounds wait for their slowest client, and traces vary.
    """
    n_bytes = cost.payload_bytes(config)
    cache: CacheState = "hit" if isinstance(config, Adapter) else "none"
    seconds, joules = 0.0, 0.0
    for client in clients:
        down, up = client.link.down, client.link.up
        radio_s = n_bytes / down.trace.mean + n_bytes / up.trace.mean
        radio_s += down.latency_s + up.latency_s
        compute_s = cost.compute_s(client.device.profile, config, client.n_batches, cache)
        seconds += radio_s + compute_s
        joules += cost.energy_j(client.device.profile, compute_s, radio_s)
    return RoundCost(
        seconds=seconds / len(clients), bytes=2.0 * n_bytes, joules=joules / len(clients)
    )
