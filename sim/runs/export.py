"""Exports the model that a finished run has trained, as a directory that transformers can load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from learner.assets.sources import PYPI, model_dir
from learner.graph.stored_learner import StoredLearner
from learner.spec import StateRef, TuningConfig, as_config
from learner.tasks import load_task
from sim.build.data import task_source
from sim.engine.simulation import Simulation
from sim.run_files import read_rows
from sim.runlog import EVALUATIONS
from sim.scenario.file import digest
from sim.scenario.task import DataTask

from .progress import ProgressSink
from .resume import as_run_errors, resume_finished_run
from .run import default_cache_dir

At = Literal["best", "final"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedModel:
    """The exported state: reached after `round` aggregations, at simulated second `sim_s`.

    `scores`: its accuracy (0-1) by split.
    """

    directory: Path
    state: str
    round: int
    sim_s: float
    config: TuningConfig
    scores: Mapping[str, float]


def export_run(
    run_dir: Path,
    into: Path,
    *,
    at: At = "best",
    cache_dir: Path | None = None,
    on_progress: ProgressSink = lambda progress: None,
) -> ExportedModel:
    """Write the run's final state, or the best of its evaluated states, to a new directory.

    The best is the first one with the highest accuracy on the deciding split; the reported split
    has no influence. The run is resumed to get the recipes of its states (see resume_finished_run);
    tensors that are no longer in the store are trained again. Raises RunError if the run is not
    finished or cannot be resumed, ValueError if the directory exists and is not empty.
    """
    from learner.export.directory import check_target

    check_target(into)
    cache = cache_dir or default_cache_dir()
    simulation, learner = resume_finished_run(run_dir, cache_dir=cache, on_progress=on_progress)
    points = list(read_rows(run_dir / EVALUATIONS))
    with as_run_errors(run_dir):
        point = points[-1] if at == "final" else _best(points, simulation)
        exported = _exported(into, point, simulation)
        _write(exported, points, simulation, learner, cache)
    return exported


def _best(points: Sequence[dict[str, Any]], simulation: Simulation) -> dict[str, Any]:
    states = [StateRef(point["state"]) for point in points]
    scores = simulation.learner.evaluate(states, simulation.scenario.evaluation.decide_on)
    return points[max(range(len(points)), key=lambda i: (scores[i].accuracy, -i))]


def _exported(into: Path, point: Mapping[str, Any], simulation: Simulation) -> ExportedModel:
    plan, state = simulation.scenario.evaluation, StateRef(point["state"])
    splits = dict.fromkeys((plan.decide_on, plan.report_on))
    return ExportedModel(
        directory=into,
        state=state,
        round=point["round"],
        sim_s=point["t_s"],
        config=as_config(point["config"]),
        scores={split: simulation.learner.evaluate([state], split)[0].accuracy for split in splits},
    )


def _write(
    exported: ExportedModel,
    points: Sequence[Mapping[str, Any]],
    simulation: Simulation,
    learner: StoredLearner,
    cache: Path,
) -> None:
    from learner.export.card import Provenance
    from learner.export.directory import write_export

    task = simulation.scenario.task
    assert isinstance(task, DataTask)
    loaded = load_task(task_source(task), cache)
    source = simulation.scenario.model.source
    origin = Provenance(
        base_model=Path(source).name if Path(source).is_dir() else source.removeprefix(PYPI),
        base_revision=simulation.facts["model_revision"],
        task=Path(loaded.name).name if Path(loaded.name).is_absolute() else loaded.name,
        metric=loaded.metric,
        majority=loaded.majority_accuracy(simulation.scenario.evaluation.report_on),
        scores=exported.scores,
        path=_path(points, exported.round),
        round=exported.round,
        sim_s=exported.sim_s,
        n_clients=len(simulation.clients),
        state=exported.state,
        scenario_digest=digest(simulation.scenario),
        seed=simulation.seed,
    )
    write_export(
        exported.directory,
        model_dir=model_dir(source, cache),
        config=exported.config,
        state=learner.tensors(StateRef(exported.state)),
        task=loaded,
        max_tokens=task.max_tokens,
        origin=origin,
    )


def _path(points: Sequence[Mapping[str, Any]], last: int) -> list[tuple[int, TuningConfig]]:
    """Configurations up to round `last`, each with the first round in which it was evaluated."""
    seen = [(point["round"], as_config(point["config"])) for point in points]
    changes = groupby((one for one in seen if one[0] <= last), key=lambda one: one[1])
    return [(next(group)[0], config) for config, group in changes]
