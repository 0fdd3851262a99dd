"""Processes that are killed or interrupted at random moments of their work."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .outcome import Outcome, judge_again
from .world import Target, World

_AFTER_S = 0.2
_LONGEST_S = 180.0
"""A command that is interrupted must have ended after so many seconds."""


def kill_often(
    world: World, target: Target, n_moments: int, rng: np.random.Generator
) -> Iterator[Outcome]:
    """Interrupt the target's command at n_moments random moments, and repeat it each time.

    The moments lie around the changes on disk of an undisturbed command: from half the time to the
    first, to _AFTER_S after the last. Signals take turns: SIGKILL, SIGTERM, Ctrl-C for the whole
    group, and, if there are workers, SIGKILL of one of them.
    """
    world.prepare(target)
    first_s, last_s = _changes_of_undisturbed(world, target)
    expected = world.content(target)
    assert expected, target.name
    signals = ["SIGKILL", "SIGTERM", "Ctrl-C"]
    if "--workers" in target.command:
        signals.append("SIGKILL of a worker")
    for number in range(n_moments):
        fault = signals[number % len(signals)]
        world.prepare(target)
        process = world.start(target.command)
        time.sleep(rng.uniform(first_s / 2, last_s + _AFTER_S))
        if not _strike(process, fault):
            fault = "ended before its signal"
        wrong = _end(process)
        if wrong:
            yield Outcome(fault=fault, target=target.name, verdict="wrong", told=wrong)
            continue
        is_pruned = "prune" in target.command
        yield judge_again(world, target, expected, fault, {} if is_pruned else world.stored())


def _changes_of_undisturbed(world: World, target: Target) -> tuple[float, float]:
    """Run the command; returns the seconds to the first and to the last change on disk."""
    state, begun_s = _state(world.work), time.monotonic()
    changes_s: list[float] = []
    process = world.start(target.command)
    while process.poll() is None:
        time.sleep(0.05)
        if state != (state := _state(world.work)):
            changes_s.append(time.monotonic() - begun_s)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert changes_s, target.name
    return changes_s[0], changes_s[-1]


def _state(work: Path) -> list[tuple[str, int]]:
    """Names and sizes of all files; those that vanish meanwhile are left out."""
    found = []
    for folder, _, names in os.walk(work):
        for name in names:
            try:
                found.append((name, os.stat(os.path.join(folder, name)).st_size))
            except FileNotFoundError:
                continue
    return sorted(found)


def _strike(process: subprocess.Popen[str], fault: str) -> bool:
    """Send the signal; returns whether there was still a process to receive it."""
    if process.poll() is not None:
        return False
    if fault == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    elif fault == "SIGKILL of a worker":
        workers = [pid for pid in living(process.pid) if _is_worker(pid)]
        if not workers:
            os.kill(process.pid, signal.SIGKILL)
        for pid in workers[-1:]:
            os.kill(pid, signal.SIGKILL)
    else:
        os.kill(process.pid, getattr(signal, fault))
    return True


def _end(process: subprocess.Popen[str]) -> str:
    """Wait for the end of a process and of its group; returns what is wrong with it, or ""."""
    try:
        errors = process.communicate(timeout=_LONGEST_S)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"still at work after {_LONGEST_S:g} s"
    deadline_s = time.monotonic() + _LONGEST_S / 4
    while orphans := living(process.pid):
        if time.monotonic() > deadline_s:
            os.killpg(process.pid, signal.SIGKILL)
            return f"{len(orphans)} orphans"
        time.sleep(0.05)
    return f"a traceback: {errors[-300:]}" if "Traceback" in errors else ""


def _is_worker(pid: int) -> bool:
    """Whether a process was spawned for work: the tracker of shared resources was not."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def living(group: int) -> list[int]:
    """The ids of the living processes of a group (Linux)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return sorted(found)
