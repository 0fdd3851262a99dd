"""The CostModel protocol: seconds, bytes, memory and joules of local training on a device."""

from __future__ import annotations

from typing import Protocol

from learner.spec import Bits, TuningConfig
from sim.fleet.client import CacheState
from traces.profiles import DeviceProfile


class CostModel(Protocol):
    """Costs of local training on a device. Every method is a pure function of its arguments."""

    def compute_s(
        self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
    ) -> float:
        """Seconds of `batches` training steps on the device at full speed."""
        ...

    def payload_bytes(self, config: TuningConfig, bits: Bits = 32) -> int:
        """Bytes of the trained parameters in one direction, at `bits` per parameter."""
        ...

    def memory_bytes(self, device: DeviceProfile, config: TuningConfig, cache: CacheState) -> int:
        """Peak bytes of memory that training takes on the device."""
        ...

    def energy_j(self, device: DeviceProfile, compute_s: float, radio_s: float) -> float:
        """Joules of `compute_s` seconds of computing and `radio_s` seconds of communication."""
        ...
