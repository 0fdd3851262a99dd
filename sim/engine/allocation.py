"""Which clients a trial's branches may select: separate pools, a common one, or all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from simpy import Environment, Event

from configurator.protocol import TrialRules
from sim.selection import split_into_pools
from sim.streams import Streams


@dataclass(slots=True)
class Reservations:
    """The clients in use by any branch of a trial whose branches share one pool."""

    env: Environment
    busy: set[int] = field(default_factory=set)
    _released: Event | None = None

    def reserve(self, clients: Sequence[int]) -> None:
        self.busy.update(clients)

    def release(self, clients: Sequence[int]) -> None:
        """The clients are free again; whoever waits for `released` continues."""
        self.busy.difference_update(clients)
        if self._released is not None:
            self._released.succeed()
            self._released = None

    def released(self) -> Event:
        """An event that succeeds when clients are next released."""
        if self._released is None:
            self._released = self.env.event()
        return self._released


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The clients that a branch may select (`pool`, ids), and how many of them take part in a
    round. `reservations`, where the pool is every branch's."""

    pool: NDArray[np.int64]
    n_participants: int
    reservations: Reservations | None = None


def allocate(
    env: Environment,
    streams: Streams,
    rules: TrialRules,
    trial_no: int,
    n_clients: int,
    n_participants: int,
    n_branches: int,
) -> list[Share]:
    """A share for each branch; a branch alone may select everybody."""
    everybody = np.arange(n_clients)
    n_each = n_participants // n_branches
    if n_branches == 1 or rules.allocation == "same":
        return [Share(pool=everybody, n_participants=n_each)] * n_branches
    if rules.allocation == "redraw":
        share = Share(pool=everybody, n_participants=n_each, reservations=Reservations(env))
        return [share] * n_branches
    pools = split_into_pools(streams, trial_no, everybody, n_branches)
    return [Share(pool=np.asarray(pool), n_participants=n_each) for pool in pools]
