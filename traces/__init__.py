"""Recordings and models of bandwidth, availability and device speed, as functions of time.

The public names are imported on first use, so that `import traces` does not load numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .availability import Availability as Availability
    from .load import load_bandwidth as load_bandwidth
    from .profiles import DeviceProfile as DeviceProfile
    from .profiles import device_profile as device_profile
    from .profiles import seconds_per_batch as seconds_per_batch
    from .recording import Recording as Recording
    from .recording import TraceError as TraceError
    from .step import StepTrace as StepTrace
    from .step import TraceEnded as TraceEnded
    from .step import constant as constant
    from .synthetic import bandwidth as bandwidth

_HOMES = {
    "Availability": "availability",
    "DeviceProfile": "profiles",
    "Recording": "recording",
    "StepTrace": "step",
    "TraceEnded": "step",
    "TraceError": "recording",
    "bandwidth": "synthetic",
    "constant": "step",
    "device_profile": "profiles",
    "load_bandwidth": "load",
    "seconds_per_batch": "profiles",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
