"""Versions, host and wall time of a run, for manifest.json.

The only module of `sim` that reads them. They never enter a row.
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
    """Versions of libraries, Python and platform, the host name, and the time now."""
    return {
        "versions": {name: version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def this_process() -> str:
    """The id and host of this process, for messages."""
    return f"process {os.getpid()} on {platform.node() or 'this host'}"


def wall_clock_s() -> float:
    """Real time in seconds since an arbitrary instant; only differences have a meaning."""
    return time.perf_counter()
