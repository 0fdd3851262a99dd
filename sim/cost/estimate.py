"""Expected costs of a job at mean rates, for configurators and selection policies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.plan import Part
from learner.ranges import require
from sim.fleet.client import Client
from sim.fleet.link import OneWay
from sim.scenario.scenario import Exchange

from .protocol import CostModel
from .step_price import step_price

_GOLDEN = 0.6180339887498949  # its multiples, modulo 1, are spread evenly
_SAMPLED_CLIENTS, _SAMPLED_INSTANTS = 128, 16

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExpectedJob:
    """What each client's job is expected to cost, its transfers at the mean rates of its traces;
    with a filled cache, if the client has one.

    (clients,) `seconds`, of which `work_s` computing, `step_s` of it each step, and `joules`; inf
    for a dead link. The bytes of a job, one direction each.
    """

    seconds: Array
    work_s: Array
    step_s: Array
    joules: Array
    down_bytes: int
    up_bytes: int

    @property
    def n_bytes(self) -> int:
        return self.down_bytes + self.up_bytes


def expected_job(
    cost: CostModel, exchange: Exchange, clients: Sequence[Client], part: Part, n_layers: int
) -> ExpectedJob:
    """What each client's job would cost if it trained this part. n_layers: the model's."""
    down_bytes = cost.payload_bytes(part.received, exchange.down_bits)
    up_bytes = cost.payload_bytes(part.config, exchange.up_bits)
    devices = {client.device.profile.name: client.device.profile for client in clients}
    has_cache = any(client.cache is not None for client in clients)
    prices = {
        name: step_price(cost, device, part, n_layers=n_layers, has_cache=has_cache)
        for name, device in devices.items()
    }
    seconds, works_s, steps_s, joules = [], [], [], []
    for client in clients:
        profile, link = client.device.profile, client.link
        radio_s = link.down.expected_s(down_bytes) + link.up.expected_s(up_bytes)
        price = prices[profile.name]
        step_s = price.plain_s if client.cache is None else price.hit_s
        step_s /= client.device.own_speed
        work_s = client.n_batches * step_s
        steps_s.append(step_s)
        seconds.append(radio_s + work_s)
        works_s.append(work_s)
        joules.append(cost.energy_j(profile, work_s, radio_s))
    return ExpectedJob(
        np.array(seconds),
        np.array(works_s),
        np.array(steps_s),
        np.array(joules),
        down_bytes,
        up_bytes,
    )


def sampled_ids(n_clients: int) -> NDArray[np.int64]:
    """The clients whose transfers are sampled: all, or of many some that are evenly spaced."""
    n = min(n_clients, _SAMPLED_CLIENTS)
    return np.arange(n) * n_clients // n


def sampled_s(clients: Sequence[Client], job: ExpectedJob) -> Array:
    """(sampled clients, instants) Seconds of a job whose transfers begin at random instants.

    Of traces that loop, the instants are spread over a period; others have their mean rates.
    """
    rows = []
    for i in sampled_ids(len(clients)).tolist():
        link = clients[i].link
        down_s, up_s = _transfers_s(link.down, job.down_bytes), _transfers_s(link.up, job.up_bytes)
        rows.append(job.work_s[i] + down_s + np.roll(up_s, 1))
    return np.array(rows)


def _transfers_s(link: OneWay, n_bytes: int) -> Array:
    """(instants,) Seconds of a transfer."""
    trace = link.trace
    if trace.end_rule != "loop" or len(trace.values) == 1:
        return np.full(_SAMPLED_INSTANTS, link.expected_s(n_bytes))
    starts_s = (np.arange(_SAMPLED_INSTANTS) * _GOLDEN % 1.0) * trace.period_s
    return np.array([link.time_for(start_s, n_bytes) for start_s in starts_s.tolist()])


def expected_nth_s(seconds: Array, n: int, n_drawn: int) -> float:
    """The expected `n`-th smallest of `n_drawn` values drawn from these without putting one back.

    The i-th smallest of N is the n-th smallest of m with probability
    C(i - 1, n - 1) C(N - i, m - n) / C(N, m). Raises ValueError unless 1 <= n <= m <= N.
    """
    ordered = np.sort(seconds)
    total = len(ordered)
    require(1 <= n <= n_drawn <= total, f"must be 1 <= {n} <= {n_drawn} <= {total}")
    last = total - (n_drawn - n)
    log_chance = [
        _log_choose(i - 1, n - 1)
        + _log_choose(total - i, n_drawn - n)
        - _log_choose(total, n_drawn)
        for i in range(n, last + 1)
    ]
    return float(np.exp(log_chance) @ ordered[n - 1 : last])


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
