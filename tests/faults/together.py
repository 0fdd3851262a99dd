"""Two processes that do the same at the same time, in one directory or with one store."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import numpy as np

from .outcome import Outcome, Verdict, is_one_line
from .world import Target, World


def start_twice_often(
    world: World, target: Target, n_attempts: int, rng: np.random.Generator
) -> Iterator[Outcome]:
    """Start the target's command twice, up to 2 s apart: in one directory, or with one store alone.

    In one directory, the second may be refused with one line; with one store, both must succeed.
    """
    world.prepare(target)
    status, errors = world.run(target.command)
    assert status == 0, errors
    expected = world.content(target)
    for number in range(n_attempts):
        is_apart = bool(number % 2)
        world.prepare(target)
        first = world.start(target.command)
        time.sleep(rng.uniform(0.0, 2.0))
        second = world.start([*target.command, *(("--out", "other") if is_apart else ())])
        ends = [_end(process) for process in (first, second)]
        is_refused = any(status == 2 for status, _ in ends)
        wrong = ""
        for status, errors in ends:
            if status and not (status == 2 and is_one_line(errors) and not is_apart):
                wrong = f"exit status {status}: {errors[-300:]}"
        if not wrong and world.content(target) != expected:
            wrong = "other bytes"
        if is_apart and not wrong:
            (world.work / "other").rename(world.work / "runs-of-second")
            (world.work / "runs").rename(world.work / "runs-of-first")
            (world.work / "runs-of-second").rename(world.work / "runs")
            wrong = "" if world.content(target) == expected else "other bytes in the second"
        verdict: Verdict = "wrong" if wrong else "one line" if is_refused else "same bytes"
        fault = "two processes, " + ("one store" if is_apart else "one directory")
        yield Outcome(fault=fault, target=target.name, verdict=verdict, told=wrong)


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    errors = process.communicate(timeout=300)[1]
    return process.returncode, errors
