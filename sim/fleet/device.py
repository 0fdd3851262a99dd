"""A client's hardware: how long computing takes on it under varying load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from traces.profiles import DeviceProfile
from traces.step import StepTrace


@dataclass(frozen=True, slots=True)
class Device:
    """Work is measured in seconds at full speed of the device class.

    `load` is the share of full speed (0-1) that other load and heat leave, as a function of time
    (None: always 1); the device meets it `offset_s` seconds after the trace's own zero.
    `own_speed`: full speed of this device over that of its class.
    """

    profile: DeviceProfile
    load: StepTrace | None = None
    offset_s: float = 0.0
    own_speed: float = 1.0
    server: ClassVar[None] = None  # a device is never shared, as a link can be

    def time_for(self, start_s: float, work_s: float) -> float:
        """Seconds from start_s until the work is done; inf if it never is."""
        own_s = work_s / self.own_speed
        if self.load is None:
            return own_s
        return self.load.time_to_accumulate(start_s + self.offset_s, own_s)

    def done_by(self, start_s: float, now_s: float) -> float:
        """Work done by now_s if begun at start_s, in seconds at full speed of the class."""
        if self.load is None:
            return (now_s - start_s) * self.own_speed
        return self.own_speed * self.load.integral(start_s + self.offset_s, now_s + self.offset_s)
