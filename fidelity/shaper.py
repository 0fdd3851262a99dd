"""Process in a namespace: token buckets on its devices follow recorded rates.

Standard input: one line of JSON, {"start_s": monotonic seconds, "devices": {name: {"peer": address,
"changes": [[seconds after the start, bytes a second], ...]}}} for each run; it ends with its
standard input. A line while another run is followed replaces it.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO, Any

BURST_BYTES = 3_100
"""Two full frames: what an idle bucket lets pass at once."""
_LIMIT_BYTES = 1_000_000
"""Length of the queue; frames beyond it are lost."""
_LEAST_BIT_PER_S = 1_000
"""An outage: a full frame takes 12 s, so its end sends a frame, which makes the kernel look."""
_DISCARD_PORT = 9


def bucket(device: str, rate_bytes_per_s: float, verb: str) -> str:
    """The line for tc that sets a device's rate."""
    bits = max(round(rate_bytes_per_s * 8), _LEAST_BIT_PER_S)
    return (
        f"qdisc {verb} dev {device} root tbf rate {bits}bit burst {BURST_BYTES} "
        f"limit {_LIMIT_BYTES}\n"
    )


class Shaper:
    """The devices of one namespace, set by one long-lived tc."""

    def __init__(self) -> None:
        self._tc = subprocess.Popen(
            ["tc", "-force", "-batch", "-"], stdin=subprocess.PIPE, text=True
        )
        self._probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    @property
    def _stdin(self) -> IO[str]:
        assert self._tc.stdin is not None
        return self._tc.stdin

    def set_rate(self, device: str, peer: str, rate_bytes_per_s: float, verb: str) -> None:
        """Set a rate now. The datagram makes a bucket that waits at its old rate look again."""
        self._stdin.write(bucket(device, rate_bytes_per_s, verb))
        self._stdin.flush()
        if rate_bytes_per_s > 0.0:
            self._probe.sendto(b"", (peer, _DISCARD_PORT))

    def follow(self, start_s: float, devices: dict[str, Any]) -> None:
        """Set every rate at its time; returns early when another order arrives.

        The first rates are set at once: a bucket that is new on its device drops what it finds
        there, such as the first window of a transfer.
        """
        changes = sorted(
            (at_s, name, rate) for name, own in devices.items() for at_s, rate in own["changes"]
        )
        for at_s, name, rate in changes:
            while at_s > 0.0 and (left_s := start_s + at_s - time.monotonic()) > 0.0:
                if select.select([sys.stdin], [], [], left_s)[0]:
                    return
            self.set_rate(name, devices[name]["peer"], rate, "replace")

    def close(self) -> None:
        self._stdin.close()
        self._tc.wait()


def orders(lines: Sequence[str] | IO[str]) -> None:
    """Follow one order after the other."""
    os.nice(-10)
    shaper = Shaper()
    print("ready", flush=True)
    try:
        for line in iter(sys.stdin.readline, ""):
            order = json.loads(line)
            shaper.follow(order["start_s"], order["devices"])
    finally:
        shaper.close()


if __name__ == "__main__":
    orders(sys.stdin)
