"""A client's hardware: how long work takes on it, with whatever else it is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from traces.profiles import DeviceProfile
from traces.step import StepTrace


@dataclass(frozen=True, slots=True)
class Device:
    """Work is counted in seconds at full speed; `speed` (None: always 1) is the share of full
    speed that other load and heat leave, met `offset_s` seconds after the trace's own zero."""

    profile: DeviceProfile
    speed: StepTrace | None = None
    offset_s: float = 0.0
    server: ClassVar[None] = None  # a device is never shared

    def time_for(self, start_s: float, work_s: float) -> float:
        """Seconds from start_s until the work is done. Raises NeverFinishes if it never is."""
        if self.speed is None:
            return work_s
        return self.speed.time_to_accumulate(start_s + self.offset_s, work_s)

    def done_by(self, start_s: float, now_s: float) -> float:
        """Work done by now_s, in seconds at full speed, if begun at start_s."""
        if self.speed is None:
            return now_s - start_s
        return self.speed.integral(start_s + self.offset_s, now_s + self.offset_s)
