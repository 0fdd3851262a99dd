"""What a cost model answers: seconds, bytes, memory and joules of work on a device."""

from __future__ import annotations

from typing import Protocol

from learner.spec import Bits, TuningConfig
from sim.fleet.client import CacheState
from traces.profiles import DeviceProfile


class CostModel(Protocol):
    """Prices. Pure."""

    def compute_s(
        self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
    ) -> float:
        """Seconds of `batches` training steps on the device at full speed."""
        ...

    def payload_bytes(self, config: TuningConfig, bits: Bits = 32) -> int:
        """Bytes of what is trained, in one direction, at so many bits a parameter."""
        ...

    def memory_bytes(self, device: DeviceProfile, config: TuningConfig, cache: CacheState) -> int:
        """Peak bytes of training on the device."""
        ...

    def energy_j(self, device: DeviceProfile, compute_s: float, radio_s: float) -> float:
        """Joules of so many seconds of computing and of communicating."""
        ...
