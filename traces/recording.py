"""What a trace file holds, and what is said when it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .availability import Availability
from .step import StepTrace


class TraceError(ValueError):
    """A trace file that cannot be used: `file:line: rule`, on one line."""

    def __init__(self, path: str, rule: str, line: int = 1) -> None:
        one_line = " ".join(rule.split())  # it may quote what the file holds
        clean = "".join(letter if letter.isprintable() else "?" for letter in one_line)
        super().__init__(f"{path}:{line}: {clean}")
        self.path, self.rule, self.line = path, clean, line


@dataclass(frozen=True, slots=True, kw_only=True)
class BandwidthRecording:
    """Bandwidth in bytes/s of one or both directions; None for a direction not recorded.

    latency_s: seconds added to each request, where the format has it.
    gaps_s: lengths of the stretches without measurement; they are cut out of the traces.
    """

    format: str
    down: StepTrace | None = None
    up: StepTrace | None = None
    latency_s: StepTrace | None = None
    gaps_s: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityRecording:
    """When each recorded device was available, by its name in the file."""

    format: str
    devices: Mapping[str, Availability]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCapacity:
    """A phone's speed: seconds of training a sample, and one symmetric bandwidth."""

    name: str
    train_s_per_sample: float
    bytes_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRecording:
    """Static capacities of many devices."""

    format: str
    devices: tuple[DeviceCapacity, ...]
    warnings: tuple[str, ...] = ()


Recording = BandwidthRecording | AvailabilityRecording | CapacityRecording
