"""Where and with what a run was made: the one file of `sim` that looks at the real world.

Nothing from here reaches a row; it goes into manifest.json.
"""

from __future__ import annotations

import os
import platform
import time
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

_LIBRARIES = ("fedadapter-sim", "numpy", "simpy", "torch", "transformers")


def provenance() -> dict[str, Any]:
    """Versions, host and start time."""
    return {
        "versions": {name: version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def this_process() -> str:
    """Which process on which host, for messages to others."""
    return f"process {os.getpid()} on {platform.node() or 'this host'}"


def wall_clock_s() -> float:
    """Seconds of real time from an arbitrary zero, for differences only."""
    return time.perf_counter()
