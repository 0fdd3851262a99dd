"""Whether memory and speed of a long time-only run stay as they are.

    python -m benchmarks.soak [CLIENT_ROUNDS]      # 10,000,000, in about 10 minutes

The world is benchmarks/worlds/1000-clients.yaml, run to its end through `run_scenario`, so that the
log, the evaluations and DONE are written. Twenty windows of equal numbers of rounds are compared:
memory is the resident set at a window's end, speed is client-rounds a second of processor time. The
first two windows are the start (imports, caches, the traces' first pass) and are left out of the
verdict. One JSON line a window, and one at the end.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from sim.runs.progress import RunProgress
from sim.runs.run import run_scenario
from sim.scenario.file import load_scenario

WORLD = Path(__file__).parent / "worlds/1000-clients.yaml"
N_WINDOWS = 20
N_START = 2


def resident_mb() -> float:
    """The resident set of this process in MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass
class Windows:
    """Takes the figures of each window from the run's reports."""

    n_rounds: int
    participants: int
    begun_s: float = field(default_factory=time.process_time)
    begun_round: int = 0
    mb: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)

    def see(self, progress: RunProgress) -> None:
        n_done = progress.round - self.begun_round
        if n_done < self.n_rounds / N_WINDOWS or progress.is_done:
            return
        now_s = time.process_time()
        self.mb.append(resident_mb())
        self.per_s.append(n_done * self.participants / (now_s - self.begun_s))
        self.begun_s, self.begun_round = now_s, progress.round
        told = {"round": progress.round, "mb": round(self.mb[-1], 1)}
        print(json.dumps(told | {"client_rounds_per_s": round(self.per_s[-1])}), flush=True)


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    scenario = load_scenario(WORLD)
    n_rounds = wanted // scenario.rounds.participants
    scenario = replace(scenario, stop=replace(scenario.stop, rounds=n_rounds))
    windows = Windows(n_rounds, scenario.rounds.participants)
    with tempfile.TemporaryDirectory() as place:
        result = run_scenario(
            scenario, out=Path(place), cache_dir=Path(place), on_progress=windows.see
        )
        log_mb = (result.run_dir / "events.jsonl").stat().st_size / 1e6
    mb, per_s = windows.mb[N_START:], sorted(windows.per_s[N_START:])
    told = {
        "client_rounds": n_rounds * scenario.rounds.participants,
        "wall_s": round(result.wall_seconds),
        "log_mb": round(log_mb, 1),
        "memory_mb": [round(mb[0], 1), round(mb[-1], 1)],
        "memory_growth": round(mb[-1] / mb[0] - 1, 4),
        "client_rounds_per_s": [round(per_s[0]), round(per_s[-1])],
        "last_by_first_speed": round(windows.per_s[-1] / windows.per_s[N_START], 3),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
