"""A cohort's plans in one go: when each client's stages end if nothing comes between.

`plan.look_ahead` asks a trace for one client at a time. Where all links are alike, a round's
questions are the same for all of its clients, and are asked as columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from sim.fleet.client import Client
from sim.fleet.link import OneWay
from traces.step import StepTrace
from traces.step_many import times_to_accumulate

from .plan import COMPUTE, DOWN, UP

Floats = NDArray[np.float64]

FEW = 24
"""Fewer clients than this are planned faster one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """One direction of all links: one trace, met by each client at an offset of its own, (n,)."""

    trace: StepTrace
    latency_s: float
    offsets_s: Floats

    def ends_s(self, ids: NDArray[np.int64], starts_s: Floats | float, n_bytes: Floats) -> Floats:
        """As start + OneWay.time_for, with its operations in their order; nan: ask it."""
        first_byte_s = starts_s + self.latency_s + self.offsets_s[ids]
        seconds = times_to_accumulate(self.trace, first_byte_s, n_bytes)
        ends_s: Floats = starts_s + (self.latency_s + seconds)
        return ends_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The links of all clients, where they are alike: pieces of the same two traces, with nothing
    shared, and devices that always work at full speed."""

    down: Direction
    up: Direction

    @staticmethod
    def of(clients: Sequence[Client]) -> Lines | None:
        """None where the clients are not alike. `clients[i]` has client_id i."""
        if any(client.device.speed is not None for client in clients):
            return None
        down = _direction([client.link.down for client in clients])
        up = _direction([client.link.up for client in clients])
        return Lines(down=down, up=up) if down is not None and up is not None else None

    def ends_s(
        self, ids: Sequence[int], at_s: float, amounts: Sequence[Sequence[float]]
    ) -> list[tuple[float, float, float]]:
        """For each client, when download, computing and upload end, all begun at at_s: bit for bit
        as `look_ahead` has it for one who is always there. amounts: (n, 3) as in Task. nan where
        only `look_ahead` knows."""
        own, flat = np.array(ids), np.fromiter(chain.from_iterable(amounts), dtype=np.float64)
        asked = flat.reshape(-1, 3)
        down_s = self.down.ends_s(own, at_s, asked[:, DOWN])
        compute_s = down_s + asked[:, COMPUTE]
        up_s = self.up.ends_s(own, compute_s, asked[:, UP])
        return list(zip(down_s.tolist(), compute_s.tolist(), up_s.tolist(), strict=True))


def _direction(ways: Sequence[OneWay]) -> Direction | None:
    first = ways[0]
    for way in ways:
        if way.server is not None or way.trace is not first.trace:
            return None
        if way.latency_s != first.latency_s:
            return None
    offsets_s = np.array([way.offset_s for way in ways])
    return Direction(trace=first.trace, latency_s=first.latency_s, offsets_s=offsets_s)
