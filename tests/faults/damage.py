"""Files of finished and unfinished runs, and of the store, with random damage.

These attempts run in this process, so that there can be many.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from analysis import load_study
from sim.runlog import RunError
from sim.runs.run import run_scenario
from sim.scenario.file import load_scenario
from sim.scenario.scenario import Scenario

from .outcome import Outcome, Verdict
from .world import TARGETS, World

_REAL = next(target for target in TARGETS if target.name == "store prune")
"""Prepared by a training run."""

Damage = Callable[[bytes, np.random.Generator], bytes]


def _flip(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(len(content)))]


def _line_out(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[int(rng.integers(len(lines)))]
    return b"".join(lines)


def _line_twice(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.splitlines(keepends=True)
    at = int(rng.integers(len(lines)))
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def _lines_swapped(content: bytes, rng: np.random.Generator) -> bytes:
    lines = content.splitlines(keepends=True)
    at, other = (int(rng.integers(len(lines))) for _ in range(2))
    lines[at], lines[other] = lines[other], lines[at]
    return b"".join(lines)


DAMAGES: dict[str, Damage] = {
    "bit flipped": _flip,
    "file cut": _cut,
    "line missing": _line_out,
    "line doubled": _line_twice,
    "lines swapped": _lines_swapped,
}

_LOGS = ("events.jsonl", "evaluations.jsonl")
_OF_A_RUN = (*_LOGS, "manifest.json", "scenario.yaml", "partition.json", "DONE")


def damage_often(world: World, n_attempts: int, rng: np.random.Generator) -> Iterator[Outcome]:
    """Damage a random file n_attempts times, then read the run and run its scenario again.

    Half of the runs that are damaged count as finished, the others lack DONE.
    """
    world.prepare(_REAL)
    cache = world.work / "cache/fedadapter"
    kept = world.place / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(world.work, kept)
    expected = world.content(_REAL)
    scenario = load_scenario(world.place / "real.yaml")
    (run_dir,) = world.work.glob("runs/real-*/seed-0000")
    files = (path for path in cache.rglob("*") if path.is_file() and path.stat().st_size)
    stored = sorted(str(path.relative_to(cache)) for path in files)
    for number in range(n_attempts):
        kind = list(DAMAGES)[number % len(DAMAGES)]
        is_finished = bool(rng.integers(2))
        names = [*_OF_A_RUN, *["store"] * 6] if kind in ("bit flipped", "file cut") else [*_LOGS]
        name = names[int(rng.integers(len(names)))]
        path = cache / stored[int(rng.integers(len(stored)))] if name == "store" else run_dir / name
        if not is_finished and name != "DONE":
            (run_dir / "DONE").unlink()
        path.write_bytes(DAMAGES[kind](path.read_bytes(), rng))
        where = _kind_of(path.relative_to(cache)) if name == "store" else name
        yield _attempt(world, scenario, cache, expected, kind, where)
        shutil.rmtree(world.work)
        shutil.copytree(kept, world.work)


def _kind_of(path: Path) -> str:
    return f"cache: {path.parts[1] if path.parts[0] == 'store' else path.parts[0]}"


def _attempt(
    world: World,
    scenario: Scenario,
    cache: Path,
    expected: dict[str, bytes],
    fault: str,
    where: str,
) -> Outcome:
    """Read the damaged run as `table` does, then run its scenario again."""
    try:
        runs = world.work / "runs"
        _one_line_of(lambda: load_study(runs))
        refusal = _one_line_of(lambda: run_scenario(scenario, out=runs, cache_dir=cache))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:300]
        return Outcome(fault=fault, target=where, verdict="wrong", told=told)
    if refusal:
        return Outcome(fault=fault, target=where, verdict="one line")
    found = world.content(_REAL)
    wrong = ", ".join(name for name in expected if found.get(name) != expected[name])
    verdict: Verdict = "wrong" if wrong else "same bytes"
    return Outcome(fault=fault, target=where, verdict=verdict, told=wrong)


def _one_line_of(call: Callable[[], object]) -> str:
    """The message of a refusal, "" without one; raises what is no refusal in one line."""
    try:
        call()
    except (RunError, ValueError) as error:
        if "\n" in str(error):
            raise AssertionError(f"more than one line: {error}") from None
        return str(error)
    return ""
