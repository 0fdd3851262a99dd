"""Costs of training a model as if it were another one, such as BERT-base."""

from __future__ import annotations

from dataclasses import dataclass, replace

from learner.spec import Bits, Full, TuningConfig
from sim.fleet.client import CacheState
from traces.profiles import DeviceProfile

from .protocol import CostModel


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedAs:
    """A CostModel (sim.cost.protocol) that prices the stated model in place of the trained one.

    `cost` is of the stated model. Seconds, bytes and memory are all its own, of the configuration
    that stated_config returns.
    """

    cost: CostModel
    trained_layers: int
    stated_layers: int

    def compute_s(
        self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
    ) -> float:
        return self.cost.compute_s(device, self._stated(config), batches, cache)

    def payload_bytes(self, config: TuningConfig, bits: Bits = 32) -> int:
        return self.cost.payload_bytes(self._stated(config), bits)

    def memory_bytes(self, device: DeviceProfile, config: TuningConfig, cache: CacheState) -> int:
        return self.cost.memory_bytes(device, self._stated(config), cache)

    def energy_j(self, device: DeviceProfile, compute_s: float, radio_s: float) -> float:
        return self.cost.energy_j(device, compute_s, radio_s)

    def _stated(self, config: TuningConfig) -> TuningConfig:
        return stated_config(config, self.trained_layers, self.stated_layers)


def stated_config(config: TuningConfig, trained_layers: int, stated_layers: int) -> TuningConfig:
    """The configuration of the stated model that tunes the same share of its layers.

    Depth d of L layers becomes depth M d / L of M. Width and rank stay: they count neurons, in the
    paper's space as in every other. Raises ValueError if the depth is not whole.
    """
    if isinstance(config, Full):
        return config
    depth, remainder = divmod(config.depth * stated_layers, trained_layers)
    if remainder:
        raise ValueError(
            f"cost.timed_as: depth {config.depth} of the trained model's {trained_layers} layers "
            f"is depth {config.depth * stated_layers / trained_layers:.4g} of the stated model's "
            f"{stated_layers}, which must be whole; choose another depth or model"
        )
    return replace(config, depth=depth)
