"""What a trace file holds, and the errors about files that hold something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .availability import Availability
from .step import StepTrace


class TraceError(ValueError):
    """A trace file that cannot be used. The message is one line: `file:line: rule`."""

    def __init__(self, path: str, rule: str, line: int = 1) -> None:
        one_line = " ".join(rule.split())  # it may quote what the file holds
        clean = "".join(letter if letter.isprintable() else "?" for letter in one_line)
        super().__init__(f"{path}:{line}: {clean}")
        self.path, self.rule, self.line = path, clean, line


class NotATraceError(TraceError):
    """A file that is no trace at all, or none of the format that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandwidthRecording:
    """Bandwidth in bytes/s of one or both directions; None for a direction not recorded.

    latency_s: round-trip seconds, added to each request, where the format has them.
    gaps_s: seconds of each break in the recording; they are cut out of the traces.
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

    def __repr__(self) -> str:
        return _short("AvailabilityRecording", self.format, len(self.devices), self.warnings)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCapacity:
    """A phone: seconds of training for one sample, and one bandwidth for both directions."""

    name: str
    train_s_per_sample: float
    bytes_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRecording:
    """Capacities of many devices, constant over time."""

    format: str
    devices: tuple[DeviceCapacity, ...]
    warnings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return _short("CapacityRecording", self.format, len(self.devices), self.warnings)


def _short(name: str, format: str, n_devices: int, warnings: tuple[str, ...]) -> str:
    return f"{name}(format={format!r}, {n_devices} devices, {len(warnings)} warnings)"


Direction = Literal["down", "up"]
"""Seen from the device: down towards it, up from it."""


def one_way(
    format: str,
    direction: Direction | None,
    trace: StepTrace,
    latency_s: StepTrace | None = None,
    warnings: tuple[str, ...] = (),
) -> BandwidthRecording:
    """The recording of a file that holds one direction: the downlink unless said otherwise."""
    down, up = (None, trace) if direction == "up" else (trace, None)
    return BandwidthRecording(
        format=format, down=down, up=up, latency_s=latency_s, warnings=warnings
    )


Recording = BandwidthRecording | AvailabilityRecording | CapacityRecording
