"""Costs in a fleet in which some devices have measured seconds of their own."""

from __future__ import annotations

from dataclasses import dataclass

from learner.spec import Bits, TuningConfig
from sim.fleet.client import CacheState
from traces.profiles import DeviceProfile

from .protocol import CostModel


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDevices:
    """A CostModel (sim.cost.protocol) that asks one of three, by the device's `basis`.

    `published`: for embedded devices. `measured`: the device's table, unscaled. `scaled`: the
    analytic formula, by the device's factor.
    """

    published: CostModel
    measured: CostModel
    scaled: CostModel

    def compute_s(
        self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
    ) -> float:
        return self._of(device).compute_s(device, config, batches, cache)

    def payload_bytes(self, config: TuningConfig, bits: Bits = 32) -> int:
        return self.published.payload_bytes(config, bits)

    def memory_bytes(self, device: DeviceProfile, config: TuningConfig, cache: CacheState) -> int:
        return self._of(device).memory_bytes(device, config, cache)

    def energy_j(self, device: DeviceProfile, compute_s: float, radio_s: float) -> float:
        return self.published.energy_j(device, compute_s, radio_s)

    def _of(self, device: DeviceProfile) -> CostModel:
        if device.basis == "measured":
            return self.measured
        return self.scaled if device.basis == "scaled" else self.published
