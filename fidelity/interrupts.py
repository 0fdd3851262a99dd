"""Ends a client's training in the middle: the server gives up the round, or the client leaves."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


class RoundOver(Exception):  # noqa: N818  (an outcome, not an error)
    """The connection was closed while the client trained."""


class Interrupts:
    """Raises RoundOver in the main thread, but only within `watching`.

    A signal reaches the main thread between two instructions of Python, so a training step of
    torch is finished first.
    """

    def __init__(self) -> None:
        self._may_raise = False
        signal.signal(signal.SIGUSR1, self._raise)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if self._may_raise:
            self._may_raise = False
            raise RoundOver

    @contextmanager
    def watching(self, link: socket.socket) -> Iterator[None]:
        """While the block runs, the end of the connection interrupts it. Raises RoundOver."""
        wake = os.eventfd(0)
        watcher = threading.Thread(target=self._watch, args=(link, wake), daemon=True)
        watcher.start()
        self._may_raise = True
        try:
            yield
        finally:
            self._may_raise = False
            os.eventfd_write(wake, 1)
            watcher.join()
            os.close(wake)

    def _watch(self, link: socket.socket, wake: int) -> None:
        readable, _, _ = select.select([link.fileno(), wake], [], [])
        if wake in readable:
            return
        content = b""
        with suppress(OSError):
            content = link.recv(1, socket.MSG_PEEK)
        if not content:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
