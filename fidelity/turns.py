"""Worlds that run side by side: those that would disturb each other take turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir

from filelock import FileLock

from .fleet import Fleet

_LOCK = Path(gettempdir()) / "fidelity-turn.lock"


@contextmanager
def turn_of(fleet: Fleet) -> Iterator[None]:
    """While the block runs, no other run whose frames pass a forwarder does on this machine.

    A forwarder is a process, and late for as long as others compute: of three such runs at once,
    totals of the small adapter were up to 4 % longer. Without a round trip there is none.
    """
    if fleet.round_trip_s == 0.0:
        yield
        return
    with FileLock(_LOCK):
        yield
