"""One run: a scenario and a seed become a run directory."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from platformdirs import user_cache_path
from simpy import Process

from configurator import Configurator
from learner.graph.stored_learner import NotStoredError, TrainingError
from learner.training.numerics import Precision, numerics_tag
from learner.training.pool import TrainingPool
from traces.step import TraceEnded

from .barrier import Barrier
from .build import Missing, Watchers, build_world
from .hold import held
from .lineage import Lineage
from .progress import Monitor, ProgressSink
from .provenance import provenance, wall_clock_s
from .records import FailedRow, as_fields
from .run_directory import begin, finish, finished, run_directory
from .runlog import FORMAT_VERSION, RunError, RunLog, write_partition
from .scenario import Scenario
from .scenario_file import digest, dump_scenario
from .scenario_task import TorchTraining
from .server import serve
from .world import World


class MissingScoreError(RunError):
    """A run that must not train asked for a number that the store does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a finished run says of itself.

    `accuracy` is the last point's, on the reported split; `trainings` counts the LocalJobs
    executed in this process; `config` is where the run ended; `learner` "curve" means that the
    accuracy is a given curve's and nothing was trained.
    """

    run_dir: Path
    sim_seconds: float
    rounds: int
    config: dict[str, Any]
    accuracy: float
    trainings: int
    store_hits: int
    events_sha256: str
    wall_seconds: float
    learner: str


def default_cache_dir() -> Path:
    """Where models, data, activations and stored states live: the user's cache directory."""
    return user_cache_path("fedadapter")


def run_scenario(
    scenario: Scenario,
    *,
    seed: int = 0,
    out: Path = Path("runs"),
    cache_dir: Path | None = None,
    configurator: Configurator | None = None,
    missing: Missing = "train",
    precision: Precision = "fp32",
    workers: int = 1,
    on_progress: ProgressSink = lambda progress: None,
) -> RunResult:
    """Simulate and train; resume where an earlier attempt stopped, repeating its bytes.

    `configurator` replaces the scenario's own policy; `precision` is the number format of the
    encoder, where one is trained (learner.training.numerics). With `workers` above 1 so many
    processes train (learner.training.pool), to the same bytes. Raises ValueError for inputs that
    do not fit together, RunError for a directory that this run must not continue; with `missing`
    "refuse", MissingScoreError at the first number that would have to be trained.
    """
    started_s = wall_clock_s()
    run_dir = run_directory(out, scenario, seed, configurator)
    monitor = Monitor(scenario.name, seed, scenario, on_progress)
    with TrainingPool(workers) as pool:
        world = build_world(
            scenario,
            seed,
            log=RunLog(run_dir),
            cache_dir=cache_dir or default_cache_dir(),
            configurator=configurator,
            watchers=Watchers(
                on_round=monitor.on_round,
                on_progress=monitor.on_learned,
                on_fill=monitor.on_fill,
                where=monitor.where,
            ),
            missing=missing,
            precision=precision,
            pool=pool,
        )
        monitor.learner = world.learner
        manifest = _manifest(world, seed, precision) | {"workers": workers}
        with held(run_dir):
            result = _run_in(run_dir, world, manifest, started_s)
    monitor.on_end(result.sim_seconds, result.rounds, result.accuracy)
    return result


def _run_in(run_dir: Path, world: World, manifest: dict[str, Any], started_s: float) -> RunResult:
    """Begin or continue the run in its directory, and finish it."""
    begin(run_dir, manifest, world.scenario)
    if world.holdings is not None:
        write_partition(run_dir, world.holdings.classes, world.holdings.counts)
    world.log.open()
    lineage = simulate(world)
    result = RunResult(
        run_dir=run_dir,
        sim_seconds=world.env.now,
        rounds=lineage.round,
        config=as_fields(lineage.config),
        accuracy=_final_accuracy(world, lineage),
        trainings=world.learner.trainings,
        store_hits=world.learner.store_hits,
        events_sha256=world.log.close(),
        wall_seconds=wall_clock_s() - started_s,
        learner=world.scenario.learner.kind,
    )
    finish(run_dir, manifest, asdict(result) | {"run_dir": run_dir.name})
    return result


def finished_run(
    run_dir: Path, scenario: Scenario, precision: Precision = "fp32"
) -> RunResult | None:
    """What an earlier process finished in this directory; None if it must be run (again)."""
    is_real = isinstance(scenario.learner, TorchTraining)
    result = finished(run_dir, numerics_tag(precision) if is_real else None)
    if result is None:
        return None
    here = {"run_dir": run_dir, "trainings": 0, "store_hits": 0, "wall_seconds": 0.0}
    return RunResult(**result | here)


def _manifest(world: World, seed: int, precision: Precision) -> dict[str, Any]:
    """What there is to say of a run beside its rows; see docs/model.md for the keys."""
    scenario = world.scenario
    is_real = isinstance(scenario.learner, TorchTraining)
    return {
        "format_version": FORMAT_VERSION,
        "name": scenario.name,
        "seed": seed,
        "digest": digest(scenario),
        "scenario": dump_scenario(scenario),
        "policy": repr(world.configurator),
        "learner": scenario.learner.kind,
        "numerics": numerics_tag(precision) if is_real else None,
        "precision": precision if is_real else None,
        **world.facts,
        **provenance(),
    }


def simulate(world: World) -> Lineage:
    """Run the clock to the end of the run. What was known when a training failed is kept."""
    main = world.env.process(serve(world))
    limit_s = world.scenario.stop.sim_s
    if limit_s is not None:
        Barrier(world.env, limit_s).callbacks.append(lambda _: _stop(main))
    try:
        with _few_collections():
            return cast(Lineage, world.env.run(until=main))
    except NotStoredError as error:
        raise _failed(world, MissingScoreError, str(error)) from error
    except TrainingError as error:
        where = world.where(error.state) if error.state else ""
        raise _failed(world, RunError, f"{where}{error}") from error
    except TraceEnded as error:
        raise RunError(f"{world.scenario.name}: after {world.env.now:g} s {error}") from error
    except RuntimeError as error:
        if main.triggered or world.env.peek() < math.inf:
            raise
        raise RunError(f"{world.scenario.name}: {_dead_end(world)}") from error


def _failed(world: World, kind: type[RunError], reason: str) -> RunError:
    """The failure to be raised; the log keeps everything up to it."""
    world.log.events.add(FailedRow(t_s=world.env.now, error=reason))
    world.log.flush()
    return kind(f"{world.scenario.name}: {reason}")


@contextmanager
def _few_collections() -> Iterator[None]:
    """Collect garbage rarely, and not among what the set-up made: a fifth of a time-only run."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _dead_end(world: World) -> str:
    """Nothing will happen any more, and the run is not over: say whose work never ends."""
    stages = ", ".join(f"client {c}: {stage}" for c, stage in sorted(world.ground.stuck.items()))
    return (
        f"after {world.env.now:g} s nothing happens any more, since the bandwidth or the speed of "
        f"a client is 0 for ever ({stages}); rounds.deadline_s or stop.sim_s would end it"
    )


def _stop(main: Process) -> None:
    if main.is_alive:
        main.interrupt()


def _final_accuracy(world: World, lineage: Lineage) -> float:
    split = world.scenario.evaluation.report_on
    (evaluation,) = world.learner.evaluate([lineage.state], split)
    return evaluation.accuracy
