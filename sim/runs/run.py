"""Runs a scenario with a seed, and writes the run directory."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from platformdirs import user_cache_path
from simpy import Event, Process

from configurator import Configurator
from learner.graph.stored_learner import NotStoredError
from learner.graph.trainer import TrainingError
from learner.training.numerics import Precision, numerics_tag
from learner.training.pool import TrainingPool
from sim.build.configurator import with_configurator
from sim.build.data import Data
from sim.build.learner import OnMissing, RecordedScores
from sim.build.simulation import build_simulation
from sim.engine.lineage import Lineage
from sim.engine.participation import Participation, participate
from sim.engine.simulation import Simulation
from sim.engine.timing import RUN_END, EndsOfTime
from sim.records import FailedRow
from sim.row_lines import as_fields
from sim.runlog import FORMAT_VERSION, ResumeError, RunError, RunLog, write_partition
from sim.scenario.file import digest, dump_scenario
from sim.scenario.scenario import Scenario
from sim.scenario.task import TorchTraining
from sim.streams import whole_seed
from traces.step import TraceEnded

from .directory import (
    begin_run,
    discard_changed,
    finish_run,
    participation_name,
    read_result,
    run_directory,
)
from .lock import locked
from .progress import Monitor, ProgressSink
from .provenance import provenance, wall_clock_s


class MissingScoreError(RunError):
    """A score is not in the store, and the run is not allowed to train."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The result of a finished run.

    `sim_seconds`: simulated seconds. `rounds`, `config`, `accuracy` (0-1, on the reported split):
    of the final state. `trainings`: LocalJobs trained in this process. `store_hits`: states and
    scores read from the store. `learner`: "curve" if the accuracy is from a given learning curve.
    `reason`: why the run ended, such as "stop.rounds" ("": the run is of an earlier version).
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
    reason: str = ""


def default_cache_dir() -> Path:
    """The directory of models, data, activations and stored states, in the user's cache."""
    return user_cache_path("fedadapter")


def run_scenario(
    scenario: Scenario,
    *,
    seed: int = 0,
    out: str | Path = Path("runs"),
    cache_dir: str | Path | None = None,
    configurator: Configurator | None = None,
    participation: Participation = participate,
    on_missing: OnMissing = "train",
    scores: RecordedScores | None = None,
    precision: Precision = "fp32",
    workers: int = 1,
    is_fresh: bool = False,
    data: Data | None = None,
    on_progress: ProgressSink = lambda progress: None,
) -> RunResult:
    """Run a scenario; resume the run if its directory has an unfinished one.

    configurator: used instead of the scenario's, and recorded in its place. participation: what a
    client does in a round (docs/extend-a-client.md). on_missing: whether to train a state or score
    that is not in the store. scores: those of a run that is replayed without training, and its
    numerics. precision: number format of the encoder in training
    (learner.training.numerics). workers: number of processes that train; the rows are the same for
    any number. is_fresh: train every state, as if none were stored, and store none; models and data
    are kept. data: those that load_data returned for the scenario and the seed (None: they are
    loaded here).

    Raises ValueError, naming the key, if scenario, model and data do not fit together; RunError if
    the directory has another run, is in use, or training fails; with on_missing "refuse",
    MissingScoreError at the first score that would have to be trained.
    """
    started_s, seed = wall_clock_s(), whole_seed(seed)
    scenario = with_configurator(scenario, configurator)
    run_dir = run_directory(Path(out), scenario, seed, configurator, participation)
    monitor = Monitor(scenario.name, seed, scenario, on_progress)
    cache_dir = Path(cache_dir or default_cache_dir())
    with TrainingPool(workers) as pool, _store_of(cache_dir, is_fresh) as store_cache:
        simulation = build_simulation(
            scenario,
            seed,
            log=RunLog(run_dir),
            cache_dir=cache_dir,
            store_cache=store_cache,
            configurator=configurator,
            participation=participation,
            callbacks=monitor.callbacks(),
            on_missing=on_missing,
            scores=scores,
            precision=precision,
            pool=pool,
            data=data,
        )
        monitor.learner = simulation.learner
        facts = simulation.facts
        others = [*facts["trace_warnings"], *facts["scenario_warnings"]]
        for warning in [*facts["task_warnings"], *(f"warning: {one}" for one in others)]:
            monitor.on_warning(warning)
        manifest = _manifest(simulation, seed, precision, scores) | {"workers": workers}
        with locked(run_dir):
            result = _run_in(run_dir, simulation, manifest, started_s, monitor)
    monitor.on_end(result.sim_seconds, result.rounds, result.accuracy)
    return result


@contextmanager
def _store_of(cache_dir: Path, is_fresh: bool) -> Iterator[Path]:
    """The directory whose store a run uses: the cache, or an empty one that is removed again."""
    if not is_fresh:
        yield cache_dir
        return
    cache_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache_dir, prefix="fresh-") as directory:
        yield Path(directory)


def _run_in(
    run_dir: Path,
    simulation: Simulation,
    manifest: dict[str, Any],
    started_s: float,
    monitor: Monitor,
) -> RunResult:
    """Start or resume the run in its directory, and finish it."""
    for name in discard_changed(run_dir):
        changed = f"{run_dir / name}: differs from what DONE records"
        monitor.on_warning(f"warning: {changed}; it is made again")
    begin_run(run_dir, manifest, simulation.scenario)
    if simulation.holdings is not None:
        write_partition(run_dir, simulation.holdings.classes, simulation.holdings.counts)
    simulation.log.open()
    lineage, reason = simulate(simulation)
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
        reason=reason,
    )
    for name in finish_run(run_dir, manifest, asdict(result) | {"run_dir": run_dir.name}):
        monitor.on_warning(
            f"warning: {run_dir / name}: made again, and differs from what the run had written "
            "when it first finished: versions or the store have changed since"
        )
    return result


def finished_run(
    run_dir: Path,
    scenario: Scenario,
    precision: Precision = "fp32",
    scores: RecordedScores | None = None,
) -> RunResult | None:
    """The result of a run that is finished in this directory; None if it must be run."""
    result = read_result(run_dir, _numerics(scenario, precision, scores))
    if result is None:
        return None
    here = {"run_dir": run_dir, "trainings": 0, "store_hits": 0, "wall_seconds": 0.0}
    return RunResult(**result | here)


def _numerics(
    scenario: Scenario, precision: Precision, scores: RecordedScores | None
) -> str | None:
    """What the bits of a run's scores depend on; None if it trains nothing."""
    if not isinstance(scenario.learner, TorchTraining):
        return None
    return scores.numerics if scores else numerics_tag(precision)


def _manifest(
    simulation: Simulation, seed: int, precision: Precision, scores: RecordedScores | None
) -> dict[str, Any]:
    """The content of manifest.json; docs/model.md describes the keys."""
    scenario = simulation.scenario
    numerics = _numerics(scenario, precision, scores)
    return {
        "format_version": FORMAT_VERSION,
        "name": scenario.name,
        "seed": seed,
        "digest": digest(scenario),
        "scenario": dump_scenario(scenario),
        "policy": repr(simulation.server.configurator),
        "participation": participation_name(simulation.server.accountant.dispatcher.participation),
        "learner": scenario.learner.kind,
        "numerics": numerics,
        "precision": precision if numerics else None,
        **simulation.facts,
        **provenance(),
    }


def simulate(simulation: Simulation) -> tuple[Lineage, str]:
    """Simulate to the end of the run; returns the final lineage, and why the run ended.

    Raises RunError if training fails, a trace ends, or no event is left before the end of the run.
    Rows that were complete before a failed training stay in the log.
    """
    env = simulation.context.env
    main = env.process(simulation.server.serve())
    limit_s = simulation.scenario.stop.sim_s
    if limit_s is not None:
        env.process(_end_run(simulation.server.trials.ends, main, limit_s))
    try:
        with _infrequent_gc():
            return cast(tuple[Lineage, str], env.run(until=main))
    except NotStoredError as error:
        raise _record_failure(simulation, MissingScoreError, str(error)) from error
    except TrainingError as error:
        where = simulation.where(error.state) if error.state else ""
        raise _record_failure(simulation, RunError, f"{where}{error}") from error
    except TraceEnded as error:
        raise RunError(
            f"{simulation.scenario.name}: after {simulation.context.env.now:g} s {error}"
        ) from error
    except RuntimeError as error:
        if not str(error).startswith(_NO_EVENTS):
            raise
        raise RunError(f"{simulation.scenario.name}: {_stall(simulation)}") from error


_NO_EVENTS = "No scheduled events left"
"""The start of SimPy's message if no event is left before the run has ended."""


def _record_failure(simulation: Simulation, kind: type[RunError], reason: str) -> RunError:
    """Write all rows so far and a FailedRow; returns the error to raise.

    A resumed run that fails earlier than before leaves the rows that are there.
    """
    simulation.log.events.add(FailedRow(t_s=simulation.context.env.now, error=reason))
    with suppress(ResumeError):
        simulation.log.flush()
    return kind(f"{simulation.scenario.name}: {reason}")


@contextmanager
def _infrequent_gc() -> Iterator[None]:
    """Collect garbage less often, which saves a fifth of a time-only run's time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _stall(simulation: Simulation) -> str:
    """The message for a run that has no event left: the clients whose work can never finish."""
    context = simulation.context
    stalled = ", ".join(f"client {c}: {stage}" for c, stage in sorted(context.stalled.items()))
    return (
        f"simulation stalled at {context.env.now:g} s: a bandwidth or speed stays zero, or "
        f"clients are never available for long enough ({stalled}); set rounds.deadline_s or "
        "stop.sim_s"
    )


def _end_run(ends: EndsOfTime, main: Process, limit_s: float) -> Generator[Event, Any, None]:
    """Process: interrupt the server at stop.sim_s."""
    yield ends.after(limit_s, RUN_END)
    if main.is_alive:
        main.interrupt("stop.sim_s")
