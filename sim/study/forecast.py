"""Estimates, before a study starts, its trainings, wall time and disk space."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
from .study import study_runs
from .study_run import StudyRun

_FLOPS_PER_S = 1e11
"""fp32 operations per second of one core. Met within a third by the demo and the studies of
docs/results (349 to 1,510 s of a core of an AMD EPYC)."""

_OPTIMISER_BYTES, _MEMORY_BYTES_PER_S = 28, 8e9
"""What Adam reads and writes in a step for a trained number: the number, its gradient and its two
moments; and how fast. Counts for whole layers alone: of full fine-tuning's 120 ms a step of 4 texts
on one core (MiniLM-L6, AMD EPYC), the floating-point operations are 40."""

_PASSES_PER_STEP = 3
"""Cost of a training step in forward passes: one forward, two for the backward pass."""

_TOKENS_PER_WORD, _EXTRA_TOKENS = 1.4, 2
"""For the approximate tokens of a text: word pieces per word, and the start and end tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`runs`: all runs of the study. `finished`: those that will be skipped.

    `trainings`: LocalJobs that are not in the store, each counted once. Exact for fixed
    configurations, an estimate for policies that decide by scores. `wall_s`, `disk_bytes`: orders
    of magnitude, without the encoding of texts and the simulation itself.
    """

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
    arms: Collection[str] = (),
) -> Forecast:
    """Simulate every unfinished run that trains, without training and without writing any file.

    arms: of these alone, if any.

    Downloads model and data unless they are in the cache. Raises ValueError as run_study does.
    """
    cache_dir = cache_dir or default_cache_dir()
    runs = study_runs(study, arms)
    left = [run for run in runs if not _is_finished(out / study.name, run, precision)]
    trained = [run for run in left if isinstance(run[0].learner, TorchTraining)]
    missing: dict[StateRef, Recipe] = {}
    unscored: dict[tuple[StateRef, str], TuningConfig] = {}
    seconds, disk_bytes = 0.0, 0.0
    for scenario, seed in trained:
        fetch_assets(scenario, cache_dir)
        learner, facts = _count(scenario, seed, cache_dir, precision)
        recipes = {s: recipe for s, recipe in learner.missing.items() if s not in missing}
        scores = {key: config for key, config in learner.unscored.items() if key not in unscored}
        missing |= recipes
        unscored |= scores
        architecture = find_architecture(scenario, cache_dir)
        seconds += _seconds(scenario, architecture, facts, recipes.values(), scores)
        n_labels = len(facts["labels"])
        sizes = (payload_bytes(architecture, r.config, n_labels) for r in recipes.values())
        disk_bytes += sum(map(_kept_bytes, sizes))
    return Forecast(
        runs=len(runs),
        finished=len(runs) - len(left),
        trainings=sum(map(count_jobs, missing.values())),
        wall_s=seconds / max(1, min(workers, len(trained))),
        disk_bytes=round(disk_bytes),
    )


def _is_finished(directory: Path, run: StudyRun, precision: Precision) -> bool:
    return finished_run(run_directory(directory, *run), run[0], precision) is not None


def _count(
    scenario: Scenario, seed: int, cache_dir: Path, precision: Precision
) -> tuple[CountingLearner, Mapping[str, Any]]:
    """A learner that has counted what the run would train and score, and the facts of its manifest.

    A run that ends with an error is counted up to the error.
    """
    with TemporaryDirectory() as directory:
        simulation = build_simulation(
            scenario,
            seed,
            log=RunLog(Path(directory)),
            cache_dir=cache_dir,
            on_missing="count",
            precision=precision,
        )
        with suppress(RunError):
            simulate(simulation)
    assert isinstance(simulation.learner, CountingLearner)
    return simulation.learner, simulation.facts


def _seconds(
    scenario: Scenario,
    architecture: Architecture,
    facts: Mapping[str, Any],
    recipes: Iterable[Recipe],
    scores: Mapping[tuple[StateRef, str], TuningConfig],
) -> float:
    """Seconds of one core for making the recipes and computing the scores.

    Counts the forward passes of one text through one tuned layer, and what the optimiser moves in
    memory. Frozen layers are left out, since their activations are computed only once.
    """
    passes, moved_bytes = 0, 0.0
    for recipe in recipes:
        depth = tuned_depth(recipe.config, architecture.n_layers)
        passes += _PASSES_PER_STEP * count_examples(recipe) * depth
        steps = count_examples(recipe) / scenario.training.batch_size
        trained = payload_bytes(architecture, recipe.config, len(facts["labels"])) / 4
        moved_bytes += steps * trained * _OPTIMISER_BYTES
    for (_, split), config in scores.items():
        passes += facts["task_examples"][split] * tuned_depth(config, architecture.n_layers)
    tokens = round(_TOKENS_PER_WORD * facts["task_words_a_text"] + _EXTRA_TOKENS)
    flops = architecture.forward_flops(min(scenario.task.max_tokens, tokens))
    computing_s = passes * flops / architecture.n_layers / _FLOPS_PER_S
    return computing_s + moved_bytes / _MEMORY_BYTES_PER_S


def _kept_bytes(size_bytes: int) -> float:
    """Average bytes on disk per state; large states are not stored in every round."""
    return size_bytes / max(1, round(size_bytes / BYTES_PER_KEPT_STATE))
