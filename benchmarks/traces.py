"""Speed of trace loading and of StepTrace queries, on a million-line recording made here.

Run `python -m benchmarks.traces` from the repository root (one core, about 10 s). Prints one
JSON object. Times are of the processor, so that a busy machine disturbs them less.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from timeit import repeat

import numpy as np

from traces.load import load_bandwidth
from traces.step import StepTrace, constant

N_LINES = 1_000_000
N_QUERIES = 20_000


def best_s(action: Callable[[], object], times: int = 5) -> float:
    """Seconds of the fastest of several runs: the one that was disturbed least."""
    return min(repeat(action, timer=process_time, number=1, repeat=times))


def best_query_us(query: Callable[[float], object], times: int = 5) -> float:
    """Microseconds a query, over instants spread across a simulated fortnight."""
    instants_s = np.random.default_rng(1).uniform(0.0, 1.2e6, N_QUERIES).tolist()

    def all_of_them() -> None:
        for t_s in instants_s:
            query(t_s)

    return best_s(all_of_them, times) / N_QUERIES * 1e6


def million_lines(folder: Path) -> Path:
    """A mahimahi file of a million opportunities over ten minutes: 20 Mbit/s on average."""
    stamps_ms = np.sort(np.random.default_rng(0).integers(0, 600_000, N_LINES))
    path = folder / "million.down"
    path.write_text("\n".join(map(str, stamps_ms.tolist())) + "\n")
    return path


def measure() -> dict[str, float]:
    """Every figure by name, its unit in the name."""
    with tempfile.TemporaryDirectory() as folder:
        path = million_lines(Path(folder))
        load_s = best_s(lambda: load_bandwidth(path, "down"))
        trace: StepTrace = load_bandwidth(path, "down")
    fixed = constant(1e6)
    return {
        "load_million_lines_s": load_s,
        "intervals": float(len(trace.values)),
        "time_to_accumulate_us": best_query_us(lambda t_s: trace.time_to_accumulate(t_s, 4e6)),
        "integral_us": best_query_us(lambda t_s: trace.integral(t_s, t_s + 10.0)),
        "value_at_us": best_query_us(trace.value_at),
        "time_to_accumulate_constant_us": best_query_us(
            lambda t_s: fixed.time_to_accumulate(t_s, 4e6)
        ),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
