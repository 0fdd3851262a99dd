"""Builds the learner of a scenario; imports torch only when something must be trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from learner.assets.sources import check_model, model_dir, model_revision
from learner.graph.counting_learner import CountingLearner
from learner.graph.curve_learner import CurveLearner, Saturating, Tabulated
from learner.graph.names import canonical
from learner.graph.stored_learner import NOTHING_KNOWN, Progress, StoredLearner
from learner.graph.trainer import Trainer
from learner.spec import Evaluation, Learner, StateRef
from learner.store.budget import cache_budget, store_dir
from learner.store.store import Store
from learner.tasks import Task
from learner.training.numerics import Precision, numerics_tag
from learner.training.pool import TrainingPool
from sim.records import RoundRow
from sim.scenario.scenario import Scenario
from sim.scenario.task import CurveTraining

from .data import Data

OnMissing = Literal["train", "refuse", "count"]
"""What the learner does about a state or score that is not in the store: train it; raise
NotStoredError; or only count what would have to be trained (for sim.study.forecast)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedScores:
    """Scores that a run has logged, by state and split, and the numerics that computed them."""

    numerics: str
    evaluations: Mapping[tuple[StateRef, str], Evaluation]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCallbacks:
    """Functions that observe a run. They cannot influence it.

    on_round: called with the row of each round. on_progress: with each trained state. on_fill: with
    a split and the fraction (0-1) of it that is encoded. where: returns the branch and round that
    made a state, for messages.
    """

    on_round: Callable[[RoundRow], None] = lambda row: None
    on_progress: Callable[[Progress], None] = lambda progress: None
    on_fill: Callable[[str, float], None] = lambda split, share: None
    where: Callable[[StateRef], str] = lambda state: ""


NO_CALLBACKS = RunCallbacks()


def find_revision(scenario: Scenario, cache_dir: Path) -> str | None:
    """The revision of the model's files (learner.assets.sources); None if no model is trained."""
    if isinstance(scenario.learner, CurveTraining):
        return None
    return model_revision(model_dir(scenario.model.source, cache_dir))


def build_learner(
    scenario: Scenario,
    data: Data,
    revision: str | None,
    cache_dir: Path,
    store_cache: Path,
    callbacks: RunCallbacks,
    on_missing: OnMissing,
    scores: RecordedScores | None,
    precision: Precision,
    pool: TrainingPool,
) -> Learner:
    """The scenario's learner. revision: see find_revision. on_missing: see OnMissing.

    cache_dir: of models, data and activations. store_cache: the cache that has the store. scores:
    of the run that is replayed; others are then looked for under its numerics.
    """
    kind = scenario.learner
    if isinstance(kind, CurveTraining):
        return CurveLearner(canonical(kind), _curve(kind))
    loaded = data.task
    assert loaded is not None
    from learner.encoder.tokens import word_reading  # time-only runs need no tokenizers

    directory = model_dir(scenario.model.source, cache_dir)
    make_trainer = partial(
        _make_trainer,
        scenario,
        loaded,
        directory=directory,
        parts=data.parts,
        cache_dir=cache_dir,
        precision=precision,
        pool=pool,
        on_fill=callbacks.on_fill,
    )
    content = loaded.digest + word_reading(scenario.task.kind, directory)
    context = _context(scenario, revision, content)
    store = Store(store_dir(store_cache), cache_budget(store_cache))
    numerics = scores.numerics if scores else numerics_tag(precision)
    if on_missing == "count":
        return CountingLearner(context=context, store=store, numerics=numerics)
    return StoredLearner(
        context=context,
        store=store,
        numerics=numerics,
        make_trainer=make_trainer if on_missing == "train" else None,
        known=scores.evaluations if scores else NOTHING_KNOWN,
        on_progress=callbacks.on_progress,
    )


def _make_trainer(
    scenario: Scenario,
    task: Task,
    *,
    directory: Path,
    parts: Sequence[NDArray[np.int64]],
    cache_dir: Path,
    precision: Precision,
    pool: TrainingPool,
    on_fill: Callable[[str, float], None],
) -> Trainer:
    from learner.training.torch_learner import TorchLearner

    check_model(directory)
    make = partial(
        TorchLearner,
        model_dir=directory,
        task=task,
        shards=dict(enumerate(parts)),
        max_tokens=scenario.task.max_tokens,
        cache_dir=cache_dir,
        precision=precision,
        new_weights=scenario.training.new_weights,
    )
    return pool.trainer(make, max_tokens=scenario.task.max_tokens, on_fill=on_fill)


def _context(scenario: Scenario, revision: str | None, content: str) -> str:
    """The part that all recipes of the run have in common.

    content: identifies the task's data and how they are read. The published new weights are left
    out: stores are older than that choice, and their states must keep their names.
    """
    new_weights = scenario.training.new_weights
    suffix = "" if new_weights == "published" else f" {new_weights}"
    return f"{revision} {content} {scenario.task.max_tokens}{suffix}"


def _curve(kind: CurveTraining) -> Saturating | Tabulated:
    if kind.points is not None:
        return Tabulated(kind.points)
    return Saturating(floor=kind.floor, ceiling=kind.ceiling, scale_samples=kind.scale_samples)
