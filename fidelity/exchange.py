"""One round at the server: the state goes to every client of the cohort, the updates come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .connections import Connections
from .messages import Message, receive, send
from .site import Content

_JOIN_S = 5.0


@dataclass(slots=True)
class Exchange:
    """A client's part in a round, in monotonic seconds; nan where it did not come so far."""

    client: int
    down_bytes: int
    received_s: float = float("nan")
    computed_s: float = float("nan")
    reported_s: float = float("nan")
    cpu_s: float = float("nan")
    update: Content | None = None
    outcome: Literal["done", "late", "lost"] = "lost"


def hold_round(
    connections: Connections,
    cohort: Sequence[int],
    version: int,
    contents: Mapping[int, Content],
    deadline_s: float | None,
) -> list[Exchange]:
    """A round with a cohort. It ends when all have reported or are lost, or at the deadline.

    contents: by client id, the state as it is sent to this client.
    The connections of late clients are closed: they stop what they are doing and connect again.
    """
    exchanges = [Exchange(client, len(contents[client])) for client in cohort]
    threads = [
        threading.Thread(
            target=_exchange, args=(connections, one, version, contents[one.client]), daemon=True
        )
        for one in exchanges
    ]
    end_s = None if deadline_s is None else time.monotonic() + deadline_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(None if end_s is None else max(end_s - time.monotonic(), 0.0))
    late = [i for i, thread in enumerate(threads) if thread.is_alive()]
    for i in late:
        exchanges[i].outcome = "late"
        connections.drop(exchanges[i].client)
    for thread in threads:
        thread.join(_JOIN_S)
    return exchanges


def _exchange(connections: Connections, own: Exchange, version: int, content: Content) -> None:
    """Send the state to one client and wait for its update."""
    try:
        link = connections.get(own.client)
        send(link, Message("task", version, content))
        update = receive(link)
    except (OSError, ValueError):
        if own.outcome != "late":
            connections.drop(own.client)
        return
    if own.outcome == "late":
        return
    own.reported_s = time.monotonic()
    own.received_s, own.computed_s = update.received_s, update.computed_s
    own.cpu_s = update.cpu_s
    own.update, own.outcome = bytearray(update.payload), "done"
