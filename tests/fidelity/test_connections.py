"""The end of a run reaches every client, also one that has just left."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from fidelity.connections import Connections
from fidelity.messages import Message, receive, send, set_options


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def _connected(port: int, client_id: int) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port))
    send(link, Message("hello", client_id))
    return link


def _may_force_buffers() -> bool:
    with socket.socket() as probe:
        try:
            set_options(probe)
        except PermissionError:
            return False
        return True


@pytest.mark.skipif(
    not _may_force_buffers(),
    reason="the deployment's sockets force their buffer sizes, which only an administrator may",
)
def test_a_client_that_left_at_the_end_is_told_when_it_returns() -> None:
    port = _free_port()
    with Connections(port, {}, time.monotonic()) as connections:
        stays, leaves = _connected(port, 0), _connected(port, 1)
        assert connections.get(0)
        assert connections.get(1)
        leaves.close()  # the server still holds this connection
        ending = threading.Thread(target=connections.finish, args=(2,))
        ending.start()
        assert receive(stays).kind == "end"
        send(stays, Message("end", 0))
        ending.join(0.2)
        assert ending.is_alive()  # it waits for client 1
        returns = _connected(port, 1)
        assert receive(returns).kind == "end"
        send(returns, Message("update", 1))  # of a round that was over
        send(returns, Message("end", 1))
        ending.join(5.0)
        assert not ending.is_alive()
        stays.close()
        returns.close()
