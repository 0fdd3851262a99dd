"""A finished run simulated once more from its directory, for what its rows cannot hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from learner.graph.stored_learner import StoredLearner, TrainingError
from learner.training.numerics import numerics_tag
from sim.build.learner import Watchers
from sim.build.simulation import build_simulation
from sim.engine.participation import participate
from sim.engine.simulation import Simulation
from sim.run_files import read_manifest
from sim.runlog import MANIFEST, RunError, RunLog
from sim.scenario.file import parse_scenario
from sim.scenario.scenario import Scenario
from sim.scenario.task import DataTask

from .directory import finished, name_of
from .divergence import precision_of
from .progress import Monitor, ProgressSink
from .run import default_cache_dir, simulate


def repeat_run(
    run_dir: Path,
    *,
    cache_dir: Path | None = None,
    on_progress: ProgressSink = lambda progress: None,
) -> tuple[Simulation, StoredLearner]:
    """The run's simulation at its end, and its learner, which knows how each of its states is made.

    The log must repeat itself byte for byte; scores that the store no longer has are made again.
    Raises RunError for a run that is not finished, trained nothing, or cannot be repeated since
    model, data or policy are others.
    """
    manifest = read_manifest(run_dir)
    scenario = parse_scenario(manifest["scenario"], str(run_dir / MANIFEST))
    if not isinstance(scenario.task, DataTask) or scenario.learner.kind != "torch":
        raise RunError(f"{run_dir}: must be a run with learner.kind torch; a curve has no weights")
    if finished(run_dir, numerics_tag(precision_of(manifest))) is None:
        raise RunError(
            f"{run_dir}: must be a run that this machine has finished; run its scenario.yaml again"
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
def as_failures_of(run_dir: Path) -> Iterator[None]:
    """What training again fails with, out of memory for instance, is told as the run's RunError."""
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
        watchers=Watchers(
            on_round=monitor.on_round, on_progress=monitor.on_learned, on_fill=monitor.on_fill
        ),
        precision=precision_of(manifest),
    )
    here = {
        **simulation.facts,
        "policy": repr(simulation.server.configurator),
        "participation": name_of(participate),
    }
    earlier = {"participation": name_of(participate), **manifest}  # 0.1.0 had only this one
    for key in ("policy", "participation", "model_revision", "task_digest"):
        if here[key] != earlier[key]:
            raise RunError(
                f"{run_dir}: the run cannot be simulated again here: its {key} was "
                f"{earlier[key]!r} and is now {here[key]!r}"
            )
    return simulation
