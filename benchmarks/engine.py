"""How fast the engine moves simulated time: client-rounds a second beside a bare SimPy loop.

    python -m benchmarks.engine [CASE ...]

Each case is a world of benchmarks/worlds, run in a process of its own: our engine and the bare loop
by turns, the median of the ratios reported. Seconds are of processor time, which on an idle machine
is wall time (one thread), so that a busy neighbour does not blur the ratios. One JSON line a case.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import simpy

from sim.build.simulation import build_simulation
from sim.runlog import RunLog
from sim.runs.run import simulate
from sim.scenario.file import load_scenario
from sim.scenario.scenario import Scenario

WORLDS = Path(__file__).parent / "worlds"
REPEATS = {"100000-clients-a-day": 1, "1000000-clients-a-day": 1}  # the others: 5
BARE_ROUNDS = 150_000  # as long as the engine's own part of a turn, about 2 s


def measure(case: str) -> dict[str, Any]:
    """One case's line: medians over alternating repetitions."""
    scenario = load_scenario(WORLDS / f"{case}.yaml")
    n = scenario.rounds.participants
    ours, bare, setup_s, run_s = [], [], [], []
    for _ in range(REPEATS.get(case, 5)):
        bare.append(_bare(scenario.rounds.mode)(scenario.partition.clients, n))
        seconds, built_s, n_client_rounds = run_once(scenario)
        ours.append(n_client_rounds / seconds)
        setup_s.append(built_s)
        run_s.append(seconds)
    ratios = [own / other for own, other in zip(ours, bare, strict=True)]
    return {
        "case": case,
        "client_rounds_per_s": round(statistics.median(ours)),
        "ratio": round(statistics.median(ratios), 3),
        "setup_s": round(statistics.median(setup_s), 2),
        "run_s": round(statistics.median(run_s), 2),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "bare_client_rounds_per_s": round(statistics.median(bare)),
    }


def run_once(scenario: Scenario) -> tuple[float, float, int]:
    """Seconds of simulating and of building, and how many client-rounds were completed."""
    with tempfile.TemporaryDirectory() as directory:
        begun_s = time.process_time()
        log = RunLog(Path(directory))
        simulation = build_simulation(scenario, seed=0, log=log, cache_dir=Path(directory))
        built_s = time.process_time()
        simulate(simulation)
        log.close()
        ended_s = time.process_time()
    return ended_s - built_s, built_s - begun_s, simulation.server.accountant.totals.n_done


def bare_client_rounds_per_s(n_clients: int, n_participants: int) -> float:
    """The floor: three timeouts, one process and one answer a client-round, nothing else."""
    env, n_rounds = simpy.Environment(), max(BARE_ROUNDS // n_participants, 1)
    spans_s = [1.0 + (i * 0.618033988749895) % 1.0 for i in range(n_clients)]

    def client(i: int) -> Any:
        yield env.timeout(spans_s[i])
        yield env.timeout(2 * spans_s[i])
        yield env.timeout(spans_s[-i])

    def server() -> Any:
        for round_no in range(n_rounds):
            first = round_no * n_participants
            cohort = [(first + i) % n_clients for i in range(n_participants)]
            yield env.all_of([env.process(client(i)) for i in cohort])

    begun_s = time.process_time()
    env.run(until=env.process(server()))
    return n_rounds * n_participants / (time.process_time() - begun_s)


def bare_asynchronous_jobs_per_s(n_clients: int, n_at_work: int) -> float:
    """The floor without rounds: as above, the next client set out as soon as one is back."""
    env, n_jobs = simpy.Environment(), BARE_ROUNDS
    spans_s = [1.0 + (i * 0.618033988749895) % 1.0 for i in range(n_clients)]
    come_back = simpy.Store(env)

    def client(i: int) -> Any:
        yield env.timeout(spans_s[i])
        yield env.timeout(2 * spans_s[i])
        yield env.timeout(spans_s[-i])
        come_back.put(i)

    def server() -> Any:
        for i in range(n_at_work):
            env.process(client(i))
        for job_no in range(n_at_work, n_jobs + n_at_work):
            yield come_back.get()
            env.process(client(job_no % n_clients))

    begun_s = time.process_time()
    env.run(until=env.process(server()))
    return n_jobs / (time.process_time() - begun_s)


def _bare(mode: str) -> Callable[[int, int], float]:
    return bare_client_rounds_per_s if mode == "sync" else bare_asynchronous_jobs_per_s


def main() -> None:
    """Every case in a fresh process, so that peak memory is its own."""
    if sys.argv[1:2] == ["--here"]:
        print(json.dumps(measure(sys.argv[2])), flush=True)
        return
    cases = sys.argv[1:] or sorted(path.stem for path in WORLDS.glob("*.yaml"))
    for case in cases:
        subprocess.run([sys.executable, "-m", "benchmarks.engine", "--here", case], check=True)


if __name__ == "__main__":
    main()
