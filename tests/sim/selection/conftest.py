"""Ten clients: client i takes i + 1 seconds for a job and has 10 samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pytest

from sim.selection import ClientHistory, SelectionContext
from sim.streams import Streams

N = 10


@pytest.fixture
def history() -> ClientHistory:
    return ClientHistory.empty(N)


@pytest.fixture(scope="session")
def context() -> Callable[..., SelectionContext]:
    """context(absent=..., next_absence_s=..., round=...): a selection from all ten."""

    def make(
        *,
        absent: Collection[int] = (),
        next_absence_s: Callable[[int], float] = lambda client_id: math.inf,
        **changes: Any,
    ) -> SelectionContext:
        fields: dict[str, Any] = {
            "streams": Streams(0),
            "round": 0,
            "attempt": 0,
            "now_s": 0.0,
            "pool": np.arange(N),
            "available_of": lambda ids: ids[~np.isin(ids, list(absent))],
            "first_available_of": lambda ids, n: ids[~np.isin(ids, list(absent))][:n].tolist(),
            "next_absence_s": next_absence_s,
            "expected": lambda: np.arange(N) + 1.0,
            "samples": lambda: np.full(N, 10),
        }
        return SelectionContext(**fields | changes)

    return make
