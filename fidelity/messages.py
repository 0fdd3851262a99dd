"""Messages over TCP: a header of fixed size, then the payload of the length that it names."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import Literal

_HEADER = struct.Struct("!cIQddd")
HEADER_BYTES = _HEADER.size

Kind = Literal["hello", "task", "update", "end"]
_CODES: dict[Kind, bytes] = {"hello": b"h", "task": b"t", "update": b"u", "end": b"e"}
_KINDS: dict[bytes, Kind] = {code: kind for kind, code in _CODES.items()}
_CONGESTION = b"cubic"
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_BUFFER_BYTES = 2_000_000


class Closed(ConnectionError):  # noqa: N818  (an outcome, not an error)
    """The other side has closed the connection, or its host is gone."""


@dataclass(frozen=True, slots=True)
class Message:
    """`number`: the client of a hello, the round of a task or an update.

    `received_s`, `computed_s`: of an update, monotonic seconds at which its client had received the
    state and had finished training; all processes share the machine's clock. `cpu_s`: seconds of
    processor time that the training took.
    """

    kind: Kind
    number: int = 0
    payload: bytes | bytearray = field(default=b"", repr=False)
    received_s: float = 0.0
    computed_s: float = 0.0
    cpu_s: float = 0.0


def set_options(connection: socket.socket) -> None:
    """Options of a socket that is not connected yet.

    No waiting for more to send; the congestion control that the transport model describes; buffers
    that hold what a link carries in a second, so that a slow client is not asked for every segment.
    """
    for option in (_SO_SNDBUFFORCE, _SO_RCVBUFFORCE):
        connection.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, _CONGESTION)


def send(connection: socket.socket, message: Message) -> None:
    """Send a message. Raises OSError if the connection breaks."""
    header = _HEADER.pack(
        _CODES[message.kind],
        message.number,
        len(message.payload),
        message.received_s,
        message.computed_s,
        message.cpu_s,
    )
    sent = connection.sendmsg([header, message.payload])  # together: no small first segment
    if sent < len(header):
        connection.sendall(header[sent:])
        sent = len(header)
    connection.sendall(memoryview(message.payload)[sent - len(header) :])


def receive(connection: socket.socket) -> Message:
    """The next message. Raises Closed, OSError; ValueError for bytes that are no message."""
    code, number, n_bytes, *stamps = _HEADER.unpack(_exactly(connection, HEADER_BYTES))
    if code not in _KINDS:
        raise ValueError(f"no message begins with {code!r}")
    return Message(_KINDS[code], number, _exactly(connection, n_bytes), *stamps)


def _exactly(connection: socket.socket, n_bytes: int) -> bytearray:
    content = bytearray(n_bytes)
    view, done = memoryview(content), 0
    while done < n_bytes:
        read = connection.recv_into(view[done:])
        if not read:
            raise Closed("the connection was closed")
        done += read
    return content
