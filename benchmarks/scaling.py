"""How well two workers share a study, beside two independent processes of pure computing.

    python -m benchmarks.scaling [SCENARIO.yaml]

Efficiency: half the time of one worker over the time of two. The second line is the machine's own
limit, of processes that share nothing; the first is to be read beside it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sim import load_scenario, run_study
from sim.runs.run import default_cache_dir
from sim.scenario.scenario import Scenario
from sim.study.definition import Study

DEFAULT = Path(__file__).parents[1] / "scenarios/whatif/real.yaml"
BURN = "sum(i * i for i in range(100_000_000))"
RUNS = 4


def study_s(scenario: Scenario, workers: int) -> float:
    """Seconds of RUNS unequal runs from an empty store."""
    arms = tuple(
        replace(scenario, name=f"run {i}", training=replace(scenario.training, lr=1e-3 * (i + 1)))
        for i in range(RUNS)
    )
    study = Study(name="scaling", arms=arms, seeds=(0,))
    with TemporaryDirectory() as place:
        cache = _cache_without_store(Path(place) / "cache")
        started_s = time.perf_counter()
        run_study(study, out=Path(place), cache_dir=cache, workers=workers)
        return time.perf_counter() - started_s


def _cache_without_store(cache: Path) -> Path:
    """Model, data and activations of the user's own cache, and nothing trained yet."""
    cache.mkdir()
    for entry in default_cache_dir().iterdir():
        if entry.name != "store":
            (cache / entry.name).symlink_to(entry)
    return cache


def burn_s(n: int) -> float:
    """Seconds of n processes that compute at the same time."""
    started_s = time.perf_counter()
    processes = [subprocess.Popen([sys.executable, "-c", BURN]) for _ in range(n)]
    for process in processes:
        process.wait()
    return time.perf_counter() - started_s


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    scenario = load_scenario(path, ["stop.rounds=4", "name=scaling"])
    one_s, two_s = study_s(scenario, 1), study_s(scenario, 2)
    alone_s, together_s = burn_s(1), burn_s(2)
    print(f"study: 1 worker {one_s:.1f} s, 2 workers {two_s:.1f} s: {one_s / two_s / 2:.2f}")
    print(
        f"machine: 1 process {alone_s:.1f} s, 2 at once {together_s:.1f} s: "
        f"{alone_s / together_s:.2f}"
    )


if __name__ == "__main__":
    main()
