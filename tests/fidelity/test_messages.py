"""Messages between server and client, over a real pair of sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from fidelity.messages import Closed, Message, receive, send


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


@pytest.mark.parametrize("n_bytes", [0, 1, 3_000_000])
def test_a_message_arrives_as_it_was_sent(
    pair: tuple[socket.socket, socket.socket], n_bytes: int
) -> None:
    sent = Message("update", 7, bytes(range(256)) * (n_bytes // 256 + 1), 1.5, 2.25, 0.5)
    sender = threading.Thread(target=send, args=(pair[0], sent))
    sender.start()
    got = receive(pair[1])
    sender.join()
    assert (got.kind, got.number, bytes(got.payload)) == ("update", 7, sent.payload)
    assert (got.received_s, got.computed_s, got.cpu_s) == (1.5, 2.25, 0.5)


def test_a_connection_that_closes_within_a_message_is_told(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    pair[0].sendall(b"t" + bytes(10))
    pair[0].close()
    with pytest.raises(Closed):
        receive(pair[1])


def test_other_bytes_are_no_message(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(b"GET / HTTP/1.1\r\nHost: server\r\n\r\n\r\n\r\n\r\n\r\n\r\n")
    with pytest.raises(ValueError, match="no message begins with b'G'"):
        receive(pair[1])
