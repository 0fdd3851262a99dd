"""Measure alternatives in turns, and run a case in a new process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

REPEATS = 3
HERE = "--here"
"""Runs a case in this very process."""


def by_turns(ways: dict[str, Callable[[], object]], repeats: int = REPEATS) -> dict[str, float]:
    """Median seconds of each way, the ways taking turns."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, work in ways.items():
            begun_s = time.process_time()
            work()
            seconds[way].append(time.process_time() - begun_s)
    return {way: statistics.median(values) for way, values in seconds.items()}


def in_a_process(case: str) -> dict[str, Any]:
    """A case's line, from a fresh process."""
    command = [sys.executable, "-m", "benchmarks.learner", HERE, case]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    line: dict[str, Any] = json.loads(done.stdout)
    return line
