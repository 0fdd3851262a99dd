"""A study with real training that is killed again and again until it is through.

    python -m tests.faults.soak [--minutes 30] [--seed 0] [--page docs/reliability.md]

The same command is started until it ends by itself; before that the whole process group gets
SIGKILL at a random moment. Then the study must have the bytes of one that was left alone, and the
next one begins, in an empty directory and store, until the minutes are over. The exit status is 1
if anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np

from .kills import living
from .page import write_between
from .world import Target, World

TARGET = Target(
    name="study with real training",
    command=("study", "../soak.yaml", "--workers", "2"),
    makes=("runs/**/*",),
)
_LEAST_S, _MOST_S = 2.0, 20.0
"""A process is killed after a time between these: before it has done anything, or late."""


def write_study(world: World, n_rounds: int, seeds: list[int]) -> None:
    """Three arms that train for real: FedAvg, FedAdam, and sideline trials."""
    trials = {"kind": "sideline", "interval_s": 2.0, "start": {"depth": 0, "width": 8}}
    arms = {
        "avg": {},
        "adam": {"aggregation": {"kind": "fedadam"}},
        "trials": {"configurator": trials},
    }
    base = json.loads((world.place / "real.yaml").read_text(encoding="utf-8"))
    base["stop"] = {"rounds": n_rounds}
    study = {"name": "soak", "base": base, "arms": arms, "seeds": seeds}
    (world.place / "soak.yaml").write_text(json.dumps(study), encoding="utf-8")


def run_with_kills(world: World, rng: np.random.Generator) -> tuple[int, str]:
    """Start the study until it ends by itself; returns the number of kills and what is wrong."""
    n_kills = 0
    while True:
        process = world.start(TARGET.command)
        try:
            errors = process.communicate(timeout=rng.uniform(_LEAST_S, _MOST_S))[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            while living(process.pid):
                time.sleep(0.01)
            n_kills += 1
            continue
        told = errors[-300:] if process.returncode else ""
        return n_kills, told and f"exit status {process.returncode}: {told}"


def _wrong(world: World, expected: dict[str, bytes]) -> str:
    found = world.content(TARGET)
    if found != expected:
        names = sorted(n for n in found | expected if found.get(n) != expected.get(n))
        return f"other bytes: {', '.join(names)[:200]}"
    left = world.leftovers()
    return f"left behind: {', '.join(left)[:200]}" if left else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", type=Path, default=Path("docs/reliability.md"))
    given = parser.parse_args()
    rng, kills, n_wrong = np.random.default_rng(given.seed), list[int](), 0
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place) / "world")
        write_study(world, n_rounds=60, seeds=[0, 1, 2])
        world.prepare(TARGET)
        begun_s = time.monotonic()
        status, errors = world.run(TARGET.command)
        assert status == 0, errors
        undisturbed_s, begun_s = time.monotonic() - begun_s, time.monotonic()
        expected = world.content(TARGET)
        print(f"undisturbed: {undisturbed_s:.0f} s, {len(expected)} files", flush=True)
        while time.monotonic() - begun_s < 60 * given.minutes:
            shutil.rmtree(world.work)
            world.work.mkdir()
            n_kills, wrong = run_with_kills(world, rng)
            wrong = wrong or _wrong(world, expected)
            kills.append(n_kills)
            n_wrong += bool(wrong)
            print(f"{n_kills} kills, then {wrong or 'the same bytes'}", flush=True)
    minutes = (time.monotonic() - begun_s) / 60
    told = (
        f"Measured {date.today()} by `python -m tests.faults.soak --minutes {given.minutes:g} "
        f"--seed {given.seed}`: {len(kills)} studies of nine runs with real training (undisturbed: "
        f"{undisturbed_s:.0f} s each) in {minutes:.0f} minutes, with {sum(kills)} SIGKILLs of all "
        f"their processes; {len(kills) - n_wrong} ended with the same bytes as the undisturbed "
        f"study, {n_wrong} did not.\n"
    )
    write_between(given.page, "restarts", told)
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
