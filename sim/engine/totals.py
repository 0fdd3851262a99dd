"""Running sums over rounds."""

from __future__ import annotations

from dataclasses import dataclass

from sim.records import RoundRow


@dataclass(slots=True)
class Totals:
    """What rounds have cost, lost work included; `n_done`: client-rounds used, `n_asked`: begun;
    `busy_s`: seconds of downloading, computing and uploading, summed over clients; `idle_j`: joules
    of waiting and idle clients (None: no device draws idle watts)."""

    down_bytes: int = 0
    up_bytes: int = 0
    energy_j: float = 0.0
    idle_j: float | None = None
    busy_s: float = 0.0
    n_asked: int = 0
    n_done: int = 0

    def add(self, row: RoundRow) -> None:
        self.down_bytes += row.down_bytes
        self.up_bytes += row.up_bytes
        self.energy_j += row.energy_j
        self._add_idle(row.idle_j)
        self.busy_s += row.down_s + row.compute_s + row.up_s
        self.n_asked += len(row.clients)
        self.n_done += len(row.reports)

    def include(self, other: Totals) -> None:
        """Add another sum to this one."""
        self.down_bytes += other.down_bytes
        self.up_bytes += other.up_bytes
        self.energy_j += other.energy_j
        self._add_idle(other.idle_j)
        self.busy_s += other.busy_s
        self.n_asked += other.n_asked
        self.n_done += other.n_done

    def _add_idle(self, idle_j: float | None) -> None:
        if idle_j is not None:
            self.idle_j = (self.idle_j or 0.0) + idle_j

    @property
    def n_bytes(self) -> int:
        return self.down_bytes + self.up_bytes
