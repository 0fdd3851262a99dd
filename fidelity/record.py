"""What a server has measured: a row for each client and round."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sim import Scenario

from .exchange import Exchange
from .site import Site


@dataclass(frozen=True, slots=True)
class Record:
    """start_s: of the run, in monotonic seconds. `ends_s`: of the rounds held, since the start."""

    site: Site
    scenario: Scenario
    start_s: float
    rows: list[dict[str, Any]] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)

    def add_round(
        self, version: int, begun_s: float, exchanges: Sequence[Exchange], reported_s: float
    ) -> None:
        """A round that ends now, after `version` aggregations. reported_s: when its own began."""
        now_s = time.monotonic()
        self.ends_s.append(now_s - self.start_s)
        for one in exchanges:
            job = self.site.job(self.scenario, one.client, version)
            row = {
                "round": version + 1,
                "client": one.client,
                "outcome": one.outcome,
                "start_s": begun_s - self.start_s,
                "down_s": one.received_s - begun_s,
                "compute_s": one.computed_s - one.received_s,
                "cpu_s": one.cpu_s,
                "up_s": one.reported_s - one.computed_s,
                "bytes": one.down_bytes,
                "up_bytes": len(one.update or b""),
                "batches": job.n_batches,
                "round_end_s": self.ends_s[-1],
            }
            self.rows.append(row)
        self.rows[-1]["aggregation_s"] = now_s - reported_s

    def answer(self, accuracy: float) -> dict[str, Any]:
        """What the server answers to its order."""
        return {"rows": self.rows, "ends_s": self.ends_s, "accuracy": accuracy}
