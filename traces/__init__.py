"""Recordings and models of bandwidth, availability and device speed, as functions of time.

The public names are imported on first use, so that `import traces` does not load numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .availability import Availability, population
    from .load import load_bandwidth
    from .profiles import DeviceProfile, device_profile, seconds_per_batch
    from .recording import Recording, TraceError
    from .step import NeverFinishes, StepTrace, TraceEnded, constant
    from .synthetic import bandwidth

__all__ = [
    "Availability",
    "DeviceProfile",
    "NeverFinishes",
    "Recording",
    "StepTrace",
    "TraceEnded",
    "TraceError",
    "bandwidth",
    "constant",
    "device_profile",
    "load_bandwidth",
    "population",
    "seconds_per_batch",
]

_HOMES = {
    "Availability": "availability",
    "DeviceProfile": "profiles",
    "NeverFinishes": "step",
    "Recording": "recording",
    "StepTrace": "step",
    "TraceEnded": "step",
    "TraceError": "recording",
    "bandwidth": "synthetic",
    "constant": "step",
    "device_profile": "profiles",
    "load_bandwidth": "load",
    "population": "availability",
    "seconds_per_batch": "profiles",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
