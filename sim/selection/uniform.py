"""Uniform selection: every available client is equally likely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from .client_history import ClientHistory
from .context import SelectionContext

_PART = 4  # draws to sort first, per client wanted
_LARGE = 4  # a pool this many times larger than that part is not sorted as a whole at first


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Selects the available clients with the smallest draws.

    A draw depends on the seed, the round and the client only, so that runs with different
    configurators have the same cohorts.
    """

    kind: Literal["uniform"] = "uniform"
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    def choose(self, context: SelectionContext, n: int, history: ClientHistory) -> list[int]:
        del history
        draws = context.streams.uniform("cohort", *context.keys, ids=context.pool)
        chosen: list[int] = []
        for part in _in_order(draws, context.pool, n):
            chosen += context.first_available_of(part, n - len(chosen))
            if len(chosen) == n:
                break
        return chosen


def _in_order(
    draws: NDArray[np.float64], ids: NDArray[np.int64], n: int
) -> Iterator[NDArray[np.int64]]:
    """The ids by rising draw and then by id, in parts.

    Of a large pool, only the smallest draws are sorted at first, since they mostly suffice. The
    caller can then leave the availability of all other clients unqueried.
    """
    few = _PART * n
    if len(ids) < _LARGE * few:
        yield ids[np.lexsort((ids, draws))]
        return
    (first,) = (draws < few / len(ids)).nonzero()  # about `few`
    yield ids[first[np.lexsort((ids[first], draws[first]))]]
    yield ids[np.lexsort((ids, draws))[len(first) :]]
