"""A fleet of ten clients: client i needs i + 1 seconds a job and holds 10 samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pytest

from sim.selection import History, Offer
from sim.streams import Streams

N = 10


@pytest.fixture
def history() -> History:
    return History.of(N)


@pytest.fixture(scope="session")
def offer() -> Callable[..., Offer]:
    """offer(away=..., next_absence_s=..., round=...) to all ten."""

    def make(
        *,
        away: Collection[int] = (),
        next_absence_s: Callable[[int], float] = lambda client_id: math.inf,
        **changes: Any,
    ) -> Offer:
        fields: dict[str, Any] = {
            "streams": Streams(0),
            "round": 0,
            "attempt": 0,
            "now_s": 0.0,
            "pool": np.arange(N),
            "available_of": lambda ids: ids[~np.isin(ids, list(away))],
            "first_available_of": lambda ids, n: ids[~np.isin(ids, list(away))][:n].tolist(),
            "next_absence_s": next_absence_s,
            "expected": lambda: np.arange(N) + 1.0,
            "samples": lambda: np.full(N, 10),
        }
        return Offer(**fields | changes)

    return make
