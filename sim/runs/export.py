"""The model that a finished run has trained, written as a directory that transformers loads."""

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
from .resume import as_failures_of, repeat_run
from .run import default_cache_dir

At = Literal["best", "final"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: the state after `round` aggregations, `sim_s` simulated seconds in, its
    configuration, and its score (0-1) by split."""

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
) -> Exported:
    """Write the run's last state, or the best of its evaluated ones, to a new directory.

    The best is the first with the highest score on the split that decisions read, so that the
    reported one stays unseen. The run is simulated again, which must repeat its log, and gives the
    recipe of every state; tensors that the store no longer has are trained again. Raises RunError
    for a run that is not finished or cannot be repeated, ValueError for a target that exists.
    """
    from learner.export.directory import check_target

    check_target(into)
    cache = cache_dir or default_cache_dir()
    simulation, learner = repeat_run(run_dir, cache_dir=cache, on_progress=on_progress)
    points = list(read_rows(run_dir / EVALUATIONS))
    with as_failures_of(run_dir):
        point = points[-1] if at == "final" else _best(points, simulation)
        exported = _exported(into, point, simulation)
        _write(exported, points, simulation, learner, cache)
    return exported


def _best(points: Sequence[dict[str, Any]], simulation: Simulation) -> dict[str, Any]:
    states = [StateRef(point["state"]) for point in points]
    scores = simulation.learner.evaluate(states, simulation.scenario.evaluation.decide_on)
    return points[max(range(len(points)), key=lambda i: (scores[i].accuracy, -i))]


def _exported(into: Path, point: Mapping[str, Any], simulation: Simulation) -> Exported:
    plan, state = simulation.scenario.evaluation, StateRef(point["state"])
    splits = dict.fromkeys((plan.decide_on, plan.report_on))
    return Exported(
        directory=into,
        state=state,
        round=point["round"],
        sim_s=point["t_s"],
        config=as_config(point["config"]),
        scores={split: simulation.learner.evaluate([state], split)[0].accuracy for split in splits},
    )


def _write(
    exported: Exported,
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
    """Each configuration up to the round, with the round at which it is first seen."""
    seen = [(point["round"], as_config(point["config"])) for point in points]
    changes = groupby((one for one in seen if one[0] <= last), key=lambda one: one[1])
    return [(next(group)[0], config) for config, group in changes]
