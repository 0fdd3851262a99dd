"""What a study will take, before it starts: runs, trainings, wall time, disk."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from learner.encoder.architecture import Architecture
from learner.graph.counting_learner import CountingLearner, count_examples, count_jobs
from learner.graph.recipes import Recipe
from learner.graph.walk import BYTES_PER_KEPT_STATE
from learner.spec import StateRef, TuningConfig, tuned_depth
from learner.training.numerics import Precision
from learner.tuning.payload import payload_bytes
from sim.build.checks import find_architecture
from sim.build.data import fetch_assets
from sim.build.simulation import build_simulation
from sim.runlog import RunError, RunLog
from sim.runs.directory import run_directory
from sim.runs.run import default_cache_dir, finished_run, simulate
from sim.scenario.scenario import Scenario
from sim.scenario.task import TorchTraining

from .definition import Study
from .outcome import Job
from .study import study_jobs

_FLOPS_PER_S = 1e11
"""fp32 operations a second of one core: within a third for the demo and the studies of docs/results
on two cores of an AMD EPYC (349 to 1,510 s of a core)."""

_PASSES = 3
"""A training step in forward passes: one forward, two backward."""

_PIECES_A_WORD, _MARKS = 1.4, 2
"""Tokens of a text from its words, about: pieces of a word, and the marks at both ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`trainings` are LocalJobs that the store cannot answer, shared ones counted once; exact for
    fixed configurations, an estimate for policies that decide by scores. `wall_s` and `disk_bytes`
    are orders of magnitude, without the encoding of texts and the simulated clock itself."""

    runs: int
    finished: int
    trainings: int
    wall_s: float
    disk_bytes: int


def forecast(
    study: Study,
    *,
    out: Path = Path("runs"),
    cache_dir: Path | None = None,
    workers: int = 1,
    precision: Precision = "fp32",
) -> Forecast:
    """Walk every unfinished run of real training on names alone; nothing is trained or written.

    Fetches model and data where they are not in the cache. Raises ValueError as run_study does.
    """
    cache_dir = cache_dir or default_cache_dir()
    jobs = study_jobs(study)
    left = [job for job in jobs if not _is_finished(out / study.name, job, precision)]
    trained = [job for job in left if isinstance(job[0].learner, TorchTraining)]
    missing: dict[StateRef, Recipe] = {}
    unscored: dict[tuple[StateRef, str], TuningConfig] = {}
    seconds, disk_bytes = 0.0, 0.0
    for scenario, seed in trained:
        fetch_assets(scenario, cache_dir)
        learner, facts = _counted(scenario, seed, cache_dir, precision)
        recipes = {s: recipe for s, recipe in learner.missing.items() if s not in missing}
        scores = {key: config for key, config in learner.unscored.items() if key not in unscored}
        missing |= recipes
        unscored |= scores
        architecture = find_architecture(scenario, cache_dir)
        tokens = _PIECES_A_WORD * facts["task_words_a_text"] + _MARKS
        layer_s = _layer_s(architecture, min(scenario.task.max_tokens, round(tokens)))
        layers = sum(_trained_layers(recipe, architecture) for recipe in recipes.values())
        for (_, split), config in scores.items():
            layers += tuned_depth(config, architecture.n_layers) * facts["task_examples"][split]
        seconds += layers * layer_s
        n_labels = len(facts["labels"])
        sizes = (payload_bytes(architecture, r.config, n_labels) for r in recipes.values())
        disk_bytes += sum(map(_kept_bytes, sizes))
    return Forecast(
        runs=len(jobs),
        finished=len(jobs) - len(left),
        trainings=sum(map(count_jobs, missing.values())),
        wall_s=seconds / max(1, min(workers, len(trained))),
        disk_bytes=round(disk_bytes),
    )


def _is_finished(directory: Path, job: Job, precision: Precision) -> bool:
    return finished_run(run_directory(directory, *job), job[0], precision) is not None


def _counted(
    scenario: Scenario, seed: int, cache_dir: Path, precision: Precision
) -> tuple[CountingLearner, Mapping[str, Any]]:
    """What a run would have to train and to score, and the facts for its manifest. A run that ends
    in an error counts as far as it came."""
    with TemporaryDirectory() as nowhere:
        simulation = build_simulation(
            scenario,
            seed,
            log=RunLog(Path(nowhere)),
            cache_dir=cache_dir,
            missing="count",
            precision=precision,
        )
        with suppress(RunError):
            simulate(simulation)
    assert isinstance(simulation.learner, CountingLearner)
    return simulation.learner, simulation.facts


def _trained_layers(recipe: Recipe, architecture: Architecture) -> int:
    """Forward passes of one text through one layer that training takes; what is below the tuned
    layers is encoded once."""
    return _PASSES * count_examples(recipe) * tuned_depth(recipe.config, architecture.n_layers)


def _layer_s(architecture: Architecture, tokens: int) -> float:
    """Seconds of one text's forward pass through one layer."""
    return architecture.forward_flops(tokens) / architecture.n_layers / _FLOPS_PER_S


def _kept_bytes(size_bytes: int) -> float:
    """Bytes on the disk a state: large ones are not kept every round."""
    return size_bytes / max(1, round(size_bytes / BYTES_PER_KEPT_STATE))
