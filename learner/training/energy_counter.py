"""The energy that the processor has used, where the system counts it (RAPL, on Linux)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

_ZONES = Path("/sys/class/powercap")


@dataclass(frozen=True, slots=True)
class EnergyCounter:
    """Counts from its start. `start_uj`: microjoules by counter, empty where there is none."""

    start_s: float
    start_uj: dict[Path, int]

    @staticmethod
    def start() -> EnergyCounter:
        return EnergyCounter(time.monotonic(), _read())

    def mean_w(self) -> float | None:
        """Mean watts since the start, of the whole package and all that runs on it.

        None without a counter, or if one has wrapped around.
        """
        now = _read()
        used_uj = [now[path] - before for path, before in self.start_uj.items() if path in now]
        if not used_uj or min(used_uj) < 0:
            return None
        return sum(used_uj) / 1e6 / (time.monotonic() - self.start_s)


def _read() -> dict[Path, int]:
    """The counters of whole packages that may be read."""
    found: dict[Path, int] = {}
    for path in sorted(_ZONES.glob("intel-rapl:[0-9]/energy_uj")) if _ZONES.is_dir() else ():
        try:
            found[path] = int(path.read_text(encoding="ascii"))
        except OSError:  # readable by root alone
            continue
    return found
