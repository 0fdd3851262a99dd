"""Who holds the rounds of a deployment: this package over plain TCP, or Flower over gRPC."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent.parent

FrameworkName = Literal["plain", "flower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """`server`, `client`: modules of this package, run by `python`. connect_s: from the order of a
    run to its start; all clients have connected by then. can_lose: whether clients may leave and be
    cut at a deadline. can_pack: whether states and updates may have fewer than 32 bits."""

    python: Path
    server: str
    client: str
    connect_s: float
    can_lose: bool
    can_pack: bool


FRAMEWORKS: Mapping[FrameworkName, Framework] = {
    "plain": Framework(
        python=Path(sys.executable),
        server="server",
        client="client",
        connect_s=4.0,
        can_lose=True,
        can_pack=True,
    ),
    "flower": Framework(
        python=ROOT / ".flower/bin/python",
        server="flower_server",
        client="flower_client",
        connect_s=10.0,
        can_lose=False,
        can_pack=False,
    ),
}

ENVIRONMENT = {"FLWR_TELEMETRY_ENABLED": "0", "no_proxy": "*"}
"""Of every process: nothing leaves the namespaces."""

FLOWER_FORMAT = "safetensors"
"""`tensor_type` of Flower's parameters: one buffer that holds a whole state."""
