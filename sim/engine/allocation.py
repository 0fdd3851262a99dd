"""Which clients a trial's branches may call up: pools, a common stock, or all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from simpy import Environment, Event

from configurator.protocol import TrialRules
from sim.selection import pools
from sim.streams import Streams


@dataclass(slots=True)
class Claims:
    """Who is at work for some branch of a trial, where the branches share one stock of clients."""

    env: Environment
    busy: set[int] = field(default_factory=set)
    _freed: Event | None = None

    def take(self, clients: Sequence[int]) -> None:
        self.busy.update(clients)

    def release(self, clients: Sequence[int]) -> None:
        """The clients are free again; whoever waits for that is told."""
        self.busy.difference_update(clients)
        if self._freed is not None:
            self._freed.succeed()
            self._freed = None

    def freed(self) -> Event:
        """Happens when clients are next released."""
        if self._freed is None:
            self._freed = self.env.event()
        return self._freed


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A branch's clients, and how many of them it trains a round; `claims` where the clients are
    every branch's."""

    pool: NDArray[np.int64]
    n_participants: int
    claims: Claims | None = None


def allocate(
    env: Environment,
    streams: Streams,
    rules: TrialRules,
    trial_no: int,
    n_clients: int,
    n_participants: int,
    n_branches: int,
) -> list[Share]:
    """A share for each branch; one branch alone has everybody."""
    everybody = np.arange(n_clients)
    n_each = n_participants // n_branches
    if n_branches == 1 or rules.allocation == "same":
        return [Share(pool=everybody, n_participants=n_each)] * n_branches
    if rules.allocation == "redraw":
        share = Share(pool=everybody, n_participants=n_each, claims=Claims(env))
        return [share] * n_branches
    shuffled = pools(streams, trial_no, everybody, n_branches)
    return [Share(pool=np.asarray(pool), n_participants=n_each) for pool in shuffled]
