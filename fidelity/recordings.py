"""Recorded bandwidth as the token buckets can follow it: means over steps of a second or so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learner.ranges import require_above_0
from traces.convert import to_csv
from traces.fetch import fetch
from traces.load import load_bandwidth
from traces.recording import Direction
from traces.reshape import resample, scale

_FETCH = "fetch:"
_BYTES_PER_MBIT = 125_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """The two directions of a recording: a file, or "fetch:PACKAGE/FILE" (traces.fetch).

    `step_s`: both the simulator and the token buckets get the means over such steps.
    `mean_mbit_per_s`: each direction is scaled to this mean, which keeps its shape and its outages.
    """

    downlink: str
    uplink: str
    step_s: float = 1.0
    mean_mbit_per_s: float = 24.0

    def __post_init__(self) -> None:
        require_above_0(step_s=self.step_s, mean_mbit_per_s=self.mean_mbit_per_s)

    def write(self, directory: Path, cache_dir: Path) -> dict[str, Any]:
        """Write both directions as CSV; returns the references by key of `fleet.network`."""
        ways: dict[str, tuple[str, Direction]] = {
            "downlink": (self.downlink, "down"),
            "uplink": (self.uplink, "up"),
        }
        return {
            key: {
                "source": str(self._write(source, way, directory, cache_dir).resolve()),
                "format": "csv",
                "format_options": {way: "bytes_per_s"},
            }
            for key, (source, way) in ways.items()
        }

    def _write(self, source: str, way: Direction, directory: Path, cache_dir: Path) -> Path:
        trace = resample(load_bandwidth(_file(source, cache_dir), way), self.step_s)
        wanted = self.mean_mbit_per_s * _BYTES_PER_MBIT
        target = directory / f"rates.{way}.csv"
        target.write_text(to_csv(scale(trace, wanted / trace.mean)), encoding="utf-8")
        return target


def _file(source: str, cache_dir: Path) -> Path:
    if not source.startswith(_FETCH):
        return Path(source)
    package, _, name = source.removeprefix(_FETCH).partition("/")
    return fetch(package, cache_dir) / name
