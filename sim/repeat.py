"""A finished run simulated once more from its directory, for what its rows cannot hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from learner.numerics import numerics_tag
from learner.stored import StoredLearner, TrainingError

from .build import Watchers, build_world
from .divergence import precision_of
from .progress import Monitor, ProgressSink
from .run import default_cache_dir, simulate
from .run_directory import finished
from .run_files import read_manifest
from .runlog import MANIFEST, RunError, RunLog
from .scenario import Scenario
from .scenario_file import parse_scenario
from .scenario_task import DataTask
from .world import World


def repeat_run(
    run_dir: Path,
    *,
    cache_dir: Path | None = None,
    on_progress: ProgressSink = lambda progress: None,
) -> tuple[World, StoredLearner]:
    """The run's world at its end, and its learner, which knows how each of its states is made.

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
    world = _world(run_dir, manifest, scenario, cache_dir or default_cache_dir(), on_progress)
    world.log.open()
    simulate(world)
    world.log.close()
    assert isinstance(world.learner, StoredLearner)
    return world, world.learner


@contextmanager
def as_failures_of(run_dir: Path) -> Iterator[None]:
    """What training again fails with, out of memory for instance, is told as the run's RunError."""
    try:
        yield
    except TrainingError as error:
        raise RunError(f"{run_dir}: {error}") from error


def _world(
    run_dir: Path,
    manifest: Mapping[str, Any],
    scenario: Scenario,
    cache_dir: Path,
    on_progress: ProgressSink,
) -> World:
    monitor = Monitor(scenario.name, manifest["seed"], scenario, on_progress)
    world = build_world(
        scenario,
        manifest["seed"],
        log=RunLog(run_dir),
        cache_dir=cache_dir,
        watchers=Watchers(
            on_round=monitor.on_round, on_progress=monitor.on_learned, on_fill=monitor.on_fill
        ),
        precision=precision_of(manifest),
    )
    here = {**world.facts, "policy": repr(world.configurator)}
    for key in ("policy", "model_revision", "task_digest"):
        if here[key] != manifest[key]:
            raise RunError(
                f"{run_dir}: {key} must still be {manifest[key]!r} to repeat the run, "
                f"got {here[key]!r}"
            )
    return world
