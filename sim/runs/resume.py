"""Resumes a finished run from its directory, to get what its files do not have: its recipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from learner.graph.stored_learner import StoredLearner, TrainingError
from learner.training.numerics import numerics_tag
from sim.build.simulation import build_simulation
from sim.engine.participation import participate
from sim.engine.simulation import Simulation
from sim.run_files import read_manifest
from sim.runlog import MANIFEST, RunError, RunLog
from sim.scenario.file import parse_scenario
from sim.scenario.scenario import Scenario
from sim.scenario.task import DataTask

from .directory import participation_name, read_result, require_unchanged
from .divergence import precision_of
from .progress import Monitor, ProgressSink
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
    manifest = read_manifest(run_dir)
    scenario = parse_scenario(manifest["scenario"], str(run_dir / MANIFEST))
    if not isinstance(scenario.task, DataTask) or scenario.learner.kind != "torch":
        raise RunError(f"{run_dir}: must be a run with learner.kind torch; a curve has no weights")
    require_unchanged(run_dir)
    if read_result(run_dir, numerics_tag(precision_of(manifest))) is None:
        raise RunError(
            f"{run_dir}: must be a run that is finished, with this version and these numerics; "
            "run its scenario.yaml again"
        )
    simulation = _simulation(
        run_dir, manifest, scenario, cache_dir or default_cache_dir(), on_progress
    )
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
    run_dir: Path,
    manifest: Mapping[str, Any],
    scenario: Scenario,
    cache_dir: Path,
    on_progress: ProgressSink,
) -> Simulation:
    monitor = Monitor(scenario.name, manifest["seed"], scenario, on_progress)
    simulation = build_simulation(
        scenario,
        manifest["seed"],
        log=RunLog(run_dir),
        cache_dir=cache_dir,
        callbacks=monitor.callbacks(),
        precision=precision_of(manifest),
    )
    here = {
        **simulation.facts,
        "policy": repr(simulation.server.configurator),
        "participation": participation_name(participate),
    }
    earlier = {"participation": participation_name(participate), **manifest}  # 0.1.0: no such key
    for key in ("policy", "participation", "model_revision", "task_digest"):
        if here[key] != earlier[key]:
            raise RunError(
                f"{run_dir}: the run cannot be resumed, since its {key} has changed: it was "
                f"{earlier[key]!r} and is now {here[key]!r}"
            )
    return simulation
