"""One run: a scenario and a seed become a run directory."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from platformdirs import user_cache_path
from simpy import Event, Process

from configurator import Configurator
from learner.graph.stored_learner import NotStoredError, TrainingError
from learner.training.numerics import Precision, numerics_tag
from learner.training.pool import TrainingPool
from sim.build.learner import Missing, Watchers
from sim.build.simulation import build_simulation
from sim.engine.lineage import Lineage
from sim.engine.participation import Participation, participate
from sim.engine.simulation import Simulation
from sim.engine.timing import RUN_END, EndsOfTime
from sim.records import FailedRow, as_fields
from sim.runlog import FORMAT_VERSION, RunError, RunLog, write_partition
from sim.scenario.file import digest, dump_scenario
from sim.scenario.scenario import Scenario
from sim.scenario.task import TorchTraining
from traces.step import TraceEnded

from .directory import begin, finish, finished, name_of, run_directory
from .lock import held
from .progress import Monitor, ProgressSink
from .provenance import provenance, wall_clock_s


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
    participation: Participation = participate,
    missing: Missing = "train",
    precision: Precision = "fp32",
    workers: int = 1,
    on_progress: ProgressSink = lambda progress: None,
) -> RunResult:
    """Simulate and train. An earlier attempt in the same directory is resumed.

    `configurator` replaces the scenario's own; `participation` is what a client does in a round
    (docs/extend-a-client.md). `precision` is the number format of the encoder, where one is trained
    (learner.training.numerics). `workers` processes train (learner.training.pool); any number of
    them gives the same bytes. Raises ValueError for inputs that do not fit together, RunError for a
    directory that this run must not continue; with `missing` "refuse", MissingScoreError at the
    first number that would have to be trained.
    """
    started_s = wall_clock_s()
    run_dir = run_directory(out, scenario, seed, configurator, participation)
    monitor = Monitor(scenario.name, seed, scenario, on_progress)
    with TrainingPool(workers) as pool:
        simulation = build_simulation(
            scenario,
            seed,
            log=RunLog(run_dir),
            cache_dir=cache_dir or default_cache_dir(),
            configurator=configurator,
            participation=participation,
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
        monitor.learner = simulation.learner
        for warning in simulation.facts["task_warnings"]:
            monitor.on_warning(warning)
        manifest = _manifest(simulation, seed, precision) | {"workers": workers}
        with held(run_dir):
            result = _run_in(run_dir, simulation, manifest, started_s)
    monitor.on_end(result.sim_seconds, result.rounds, result.accuracy)
    return result


def _run_in(
    run_dir: Path, simulation: Simulation, manifest: dict[str, Any], started_s: float
) -> RunResult:
    """Begin or continue the run in its directory, and finish it."""
    begin(run_dir, manifest, simulation.scenario)
    if simulation.holdings is not None:
        write_partition(run_dir, simulation.holdings.classes, simulation.holdings.counts)
    simulation.log.open()
    lineage = simulate(simulation)
    result = RunResult(
        run_dir=run_dir,
        sim_seconds=simulation.context.env.now,
        rounds=lineage.round,
        config=as_fields(lineage.config),
        accuracy=simulation.server.evaluator.reported_accuracy(lineage.state),
        trainings=simulation.learner.trainings,
        store_hits=simulation.learner.store_hits,
        events_sha256=simulation.log.close(),
        wall_seconds=wall_clock_s() - started_s,
        learner=simulation.scenario.learner.kind,
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


def _manifest(simulation: Simulation, seed: int, precision: Precision) -> dict[str, Any]:
    """What there is to say of a run beside its rows; see docs/model.md for the keys."""
    scenario = simulation.scenario
    is_real = isinstance(scenario.learner, TorchTraining)
    return {
        "format_version": FORMAT_VERSION,
        "name": scenario.name,
        "seed": seed,
        "digest": digest(scenario),
        "scenario": dump_scenario(scenario),
        "policy": repr(simulation.server.configurator),
        "participation": name_of(simulation.server.accountant.dispatcher.participation),
        "learner": scenario.learner.kind,
        "numerics": numerics_tag(precision) if is_real else None,
        "precision": precision if is_real else None,
        **simulation.facts,
        **provenance(),
    }


def simulate(simulation: Simulation) -> Lineage:
    """Run the clock to the end of the run. What was known when a training failed is kept."""
    env = simulation.context.env
    main = env.process(simulation.server.serve())
    limit_s = simulation.scenario.stop.sim_s
    if limit_s is not None:
        env.process(_end_run(simulation.server.trials.ends, main, limit_s))
    try:
        with _few_collections():
            return cast(Lineage, env.run(until=main))
    except NotStoredError as error:
        raise _failed(simulation, MissingScoreError, str(error)) from error
    except TrainingError as error:
        where = simulation.where(error.state) if error.state else ""
        raise _failed(simulation, RunError, f"{where}{error}") from error
    except TraceEnded as error:
        raise RunError(
            f"{simulation.scenario.name}: after {simulation.context.env.now:g} s {error}"
        ) from error
    except RuntimeError as error:
        if not str(error).startswith(_NO_EVENTS):
            raise
        raise RunError(f"{simulation.scenario.name}: {_stall(simulation)}") from error


_NO_EVENTS = "No scheduled events left"
"""How SimPy's message begins when the queue of events is empty before the run has ended."""


def _failed(simulation: Simulation, kind: type[RunError], reason: str) -> RunError:
    """The failure to be raised; the log keeps everything up to it."""
    simulation.log.events.add(FailedRow(t_s=simulation.context.env.now, error=reason))
    simulation.log.flush()
    return kind(f"{simulation.scenario.name}: {reason}")


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


def _stall(simulation: Simulation) -> str:
    """No event is left and the run is not over: whose work never ends."""
    context = simulation.context
    stalled = ", ".join(f"client {c}: {stage}" for c, stage in sorted(context.stalled.items()))
    return (
        f"simulation stalled at {context.env.now:g} s: a bandwidth or speed is zero for ever "
        f"({stalled}); set rounds.deadline_s or stop.sim_s"
    )


def _end_run(ends: EndsOfTime, main: Process, limit_s: float) -> Generator[Event, Any, None]:
    """Process: interrupt the server when the run's time is over."""
    yield ends.after(limit_s, RUN_END)
    if main.is_alive:
        main.interrupt("stop.sim_s")
