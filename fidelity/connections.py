"""The server's connections: who is connected now, and who is expected to be."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType

from .messages import Message, receive, send, set_options

_MOST_WAIT_S = 30.0
"""How long the server waits for a client that should be there before it gives up."""


_POLL_S = 0.001
"""Between two looks at who is due: a late start of a round would count as its length."""


class Connections:
    """Accepts clients from the start of a run to its end.

    absences_s: by client id, the pairs of leaving and returning in seconds after `start_s`. In a
    real deployment the server learns of an absence when the connection breaks. Here it also knows
    who is due, so that a client whose late round it has cut takes part in the next round although
    it is still connecting.
    """

    def __init__(
        self, port: int, absences_s: Mapping[str, Sequence[Sequence[float]]], start_s: float
    ) -> None:
        self._absences_s, self._start_s = absences_s, start_s
        self._open: dict[int, socket.socket] = {}
        self._accepted: list[socket.socket] = []
        self._changed = threading.Condition()
        self._is_over = False
        self._ended: set[int] = set()
        self._listener = socket.socket()
        set_options(self._listener)  # a connection has those of its listener
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("", port))
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Connections:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        for link in self._accepted:
            link.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                link, _ = self._listener.accept()
                self._accepted.append(link)
                threading.Thread(target=self._greet, args=(link,), daemon=True).start()

    def _greet(self, link: socket.socket) -> None:
        with suppress(OSError, ValueError):
            hello = receive(link)
            with self._changed:
                self._open[hello.number] = link
                is_over = self._is_over
                self._changed.notify_all()
            if is_over:
                self._end(hello.number, link)

    def _end(self, client_id: int, link: socket.socket) -> None:
        """Tell a client that the run is over, and wait until it says that it knows."""
        with suppress(OSError, ValueError):
            send(link, Message("end"))
            while receive(link).kind != "end":
                pass  # an update that came too late
            with self._changed:
                self._ended.add(client_id)
                self._changed.notify_all()

    def is_due(self, client_id: int) -> bool:
        """Whether the client should be there now."""
        at_s = time.monotonic() - self._start_s
        absences_s = self._absences_s.get(str(client_id), ())
        return not any(leave_s <= at_s < return_s for leave_s, return_s in absences_s)

    def wait_for_cohort(self, ids: Iterable[int]) -> list[int]:
        """The clients that are due now, as soon as there is one."""
        while not (cohort := [i for i in ids if self.is_due(i)]):
            time.sleep(_POLL_S)
        return cohort

    def get(self, client_id: int) -> socket.socket:
        """The client's connection, as soon as it has one. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: client_id in self._open, _MOST_WAIT_S):
                raise TimeoutError(f"client {client_id} did not connect")
            return self._open[client_id]

    def drop(self, client_id: int) -> None:
        """Close the client's connection; it may come back."""
        with self._changed:
            link = self._open.pop(client_id, None)
        if link is not None:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()

    def finish(self, n_clients: int) -> None:
        """Tell every client, also those that return later, that the run is over.

        A connection that is still open here may be one that its client has just left.
        """
        with self._changed:
            self._is_over = True
            for one in self._open.items():
                threading.Thread(target=self._end, args=one, daemon=True).start()
            self._changed.wait_for(lambda: len(self._ended) == n_clients, _MOST_WAIT_S)
