"""Resumes a finished run from its directory, to get what its files do not have: its recipes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from learner.graph.stored_learner import StoredLearner
from learner.graph.trainer import TrainingError
from learner.training.numerics import numerics_tag
from sim.build.simulation import build_simulation
from sim.engine.simulation import Simulation
from sim.runlog import RunError, RunLog
from sim.scenario.task import DataTask

from .directory import read_result, require_unchanged
from .progress import Monitor, ProgressSink
from .recorded import Recorded, recorded_run, refuse_change
from .run import default_cache_dir, simulate


def resume_finished_run(
    run_dir: Path,
    *,
    cache_dir: Path | None = None,
    on_progress: ProgressSink = lambda progress: None,
) -> tuple[Simulation, StoredLearner]:
    """Simulate the run again; returns the simulation at its end, and its learner.

    The learner then knows the recipe of each state of the run. The rows must be those on disk, byte
    for byte. Scores that are no longer in the store are computed again. Raises RunError for a run
    that is not finished or trained nothing, and if its model, data or policy have changed.
    """
    recorded = recorded_run(run_dir)
    scenario = recorded.scenario
    if not isinstance(scenario.task, DataTask) or scenario.learner.kind != "torch":
        raise RunError(f"{run_dir}: must be a run with learner.kind torch; a curve has no weights")
    require_unchanged(run_dir)
    if read_result(run_dir, numerics_tag(recorded.precision)) is None:
        raise RunError(
            f"{run_dir}: must be a run that is finished, with this version and these numerics; "
            "run its scenario.yaml again"
        )
    simulation = _simulation(run_dir, recorded, cache_dir or default_cache_dir(), on_progress)
    simulation.log.open()
    simulate(simulation)
    simulation.log.close()
    assert isinstance(simulation.learner, StoredLearner)
    return simulation, simulation.learner


@contextmanager
def as_run_errors(run_dir: Path) -> Iterator[None]:
    """Turn a TrainingError, such as a lack of memory, into a RunError that names the run."""
    try:
        yield
    except TrainingError as error:
        raise RunError(f"{run_dir}: {error}") from error


def _simulation(
    run_dir: Path, recorded: Recorded, cache_dir: Path, on_progress: ProgressSink
) -> Simulation:
    scenario = recorded.scenario
    monitor = Monitor(scenario.name, recorded.seed, scenario, on_progress)
    simulation = build_simulation(
        scenario,
        recorded.seed,
        log=RunLog(run_dir),
        cache_dir=cache_dir,
        participation=recorded.participation,
        callbacks=monitor.callbacks(),
        precision=recorded.precision,
    )
    here = {**simulation.facts, "policy": repr(simulation.server.configurator)}
    for key in ("policy", "model_revision", "task_digest"):
        refuse_change(run_dir, key, recorded.manifest[key], here[key])
    return simulation
