"""Process: passes frames between two TAP devices, each way a fixed time later.

Arguments: the two device names and the seconds of one way. It creates the devices, writes "ready",
and ends with its standard input. The kernel of a small machine may lack netem; this replaces it.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys
import time
from collections import deque

_TUNSETIFF, _IFF_TAP, _IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
_MOST_FRAME_BYTES = 2048
_BURST = 64
"""Frames read from one device before the other one is looked at."""


def open_tap(name: str) -> int:
    """The file descriptor of a new TAP device, not blocking. The device lives as long as it."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    flags = struct.pack("16sH22x", name.encode(), _IFF_TAP | _IFF_NO_PI)
    fcntl.ioctl(descriptor, _TUNSETIFF, flags)
    return descriptor


def forward(taps: tuple[int, int], delay_s: float, until: int) -> None:
    """Pass frames on until the descriptor `until` can be read (or is closed)."""
    waiting: dict[int, deque[tuple[float, bytes]]] = {tap: deque() for tap in taps}
    other = {taps[0]: taps[1], taps[1]: taps[0]}
    while True:
        due_s = min((queue[0][0] for queue in waiting.values() if queue), default=None)
        left_s = None if due_s is None else max(due_s - time.monotonic(), 0.0)
        readable, _, _ = select.select([*taps, until], [], [], left_s)
        if until in readable:
            return
        now_s = time.monotonic()
        for tap in readable:
            waiting[other[tap]].extend((now_s + delay_s, frame) for frame in _frames(tap))
        for tap, queue in waiting.items():
            while queue and queue[0][0] <= now_s:
                _write(tap, queue.popleft()[1])


def _frames(tap: int) -> list[bytes]:
    frames: list[bytes] = []
    while len(frames) < _BURST:
        try:
            frames.append(os.read(tap, _MOST_FRAME_BYTES))
        except (BlockingIOError, OSError):  # OSError: the device is down
            break
    return frames


def _write(tap: int, frame: bytes) -> None:
    try:
        os.write(tap, frame)
    except OSError:
        return  # a device that is down or full loses the frame, as a real one does


def main() -> None:
    names, delay_s = sys.argv[1:3], float(sys.argv[3])
    os.nice(-10)
    taps = (open_tap(names[0]), open_tap(names[1]))
    print("ready", flush=True)
    forward(taps, delay_s, sys.stdin.fileno())


if __name__ == "__main__":
    main()
