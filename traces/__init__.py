"""What the world did, as functions of time: bandwidth, availability, device speed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .profiles import DeviceProfile as DeviceProfile
    from .profiles import device_profile as device_profile
    from .profiles import seconds_per_batch as seconds_per_batch
    from .step import NeverFinishes as NeverFinishes
    from .step import StepTrace as StepTrace
    from .step import TraceEnded as TraceEnded
    from .step import constant as constant
    from .synthetic import bandwidth as bandwidth

_HOME = {
    "DeviceProfile": "profiles",
    "NeverFinishes": "step",
    "StepTrace": "step",
    "TraceEnded": "step",
    "bandwidth": "synthetic",
    "constant": "step",
    "device_profile": "profiles",
    "seconds_per_batch": "profiles",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
