"""Expected costs of a job at mean rates, for configurators and selection policies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.plan import Part
from learner.spec import AddOn
from sim.fleet.client import Client
from sim.scenario.scenario import Exchange

from .protocol import CostModel
from .step_price import step_price


@dataclass(frozen=True, slots=True)
class ExpectedJob:
    """(clients,) Expected seconds of each client's job and its joules, and the bytes of each, at
    the mean rates of its traces and with a filled cache. inf for a dead link."""

    seconds: NDArray[np.float64]
    joules: NDArray[np.float64]
    n_bytes: int


def expected_job(
    cost: CostModel, exchange: Exchange, clients: Sequence[Client], part: Part, n_layers: int
) -> ExpectedJob:
    """What each client's job would cost if it trained this part. n_layers: the model's."""
    down_bytes = cost.payload_bytes(part.received, exchange.down_bits)
    up_bytes = cost.payload_bytes(part.config, exchange.up_bits)
    devices = {client.device.profile.name: client.device.profile for client in clients}
    has_cache = isinstance(part.config, AddOn)
    step_s = {
        name: step_price(cost, device, part, n_layers=n_layers, has_cache=has_cache).hit_s
        for name, device in devices.items()
    }
    seconds, joules = [], []
    for client in clients:
        profile, link = client.device.profile, client.link
        radio_s = link.down.expected_s(down_bytes) + link.up.expected_s(up_bytes)
        work_s = client.n_batches * step_s[profile.name] / client.device.own_speed
        seconds.append(radio_s + work_s)
        joules.append(cost.energy_j(profile, work_s, radio_s))
    return ExpectedJob(np.array(seconds), np.array(joules), down_bytes + up_bytes)


def expected_slowest_s(seconds: NDArray[np.float64], n: int) -> float:
    """The expected largest of `n` values drawn from these without putting one back.

    The i-th smallest of N is the largest of n with probability C(i - 1, n - 1) / C(N, n).
    """
    ordered = np.sort(seconds)
    n, total = min(n, len(ordered)), len(ordered)
    log_chance = [_log_choose(i - 1, n - 1) - _log_choose(total, n) for i in range(n, total + 1)]
    return float(np.exp(log_chance) @ ordered[n - 1 :])


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
