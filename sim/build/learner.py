"""The learner that a scenario names. torch is imported only when something must be trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from learner.assets.sources import model_dir, model_revision
from learner.graph.counting_learner import CountingLearner
from learner.graph.curve_learner import CurveLearner, Saturating, Tabulated
from learner.graph.recipes import canonical
from learner.graph.stored_learner import Progress, StoredLearner, Trainer
from learner.spec import Learner, StateRef
from learner.store.budget import cache_budget, store_dir
from learner.store.store import Store
from learner.training.numerics import Precision, numerics_tag
from learner.training.pool import TrainingPool
from sim.records import RoundRow
from sim.scenario.scenario import Scenario
from sim.scenario.task import CurveTraining, DataTask

from .data import Data

Missing = Literal["train", "refuse", "count"]
"""What the learner does about a number that the store does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchers:
    """Who is told what happens, while it happens; nothing flows back. `where` says in which branch
    and round a state was made, for messages."""

    on_round: Callable[[RoundRow], None] = lambda row: None
    on_progress: Callable[[Progress], None] = lambda progress: None
    on_fill: Callable[[str, float], None] = lambda split, share: None
    where: Callable[[StateRef], str] = lambda state: ""


NO_WATCHERS = Watchers()
"""Nobody is told anything."""


def find_revision(scenario: Scenario, cache_dir: Path) -> str | None:
    """The content of the model's files by name; None where no model is trained."""
    if isinstance(scenario.learner, CurveTraining):
        return None
    return model_revision(model_dir(scenario.model.source, cache_dir))


def build_learner(
    scenario: Scenario,
    data: Data,
    revision: str | None,
    cache_dir: Path,
    watchers: Watchers,
    missing: Missing,
    precision: Precision,
    pool: TrainingPool,
) -> Learner:
    """The scenario's learner. `revision`: of the model's files; `missing`: as in Missing."""
    kind, task = scenario.learner, scenario.task
    if isinstance(kind, CurveTraining):
        return CurveLearner(canonical(kind), _curve(kind))
    loaded = data.task
    assert loaded is not None
    assert isinstance(task, DataTask)
    from learner.encoder.tokens import word_reading  # time-only runs need no tokenizers

    directory = model_dir(scenario.model.source, cache_dir)

    def make_trainer() -> Trainer:
        from learner.training.torch_learner import TorchLearner

        make = partial(
            TorchLearner,
            model_dir=directory,
            task=loaded,
            shards=dict(enumerate(data.parts)),
            max_tokens=task.max_tokens,
            cache_dir=cache_dir,
            precision=precision,
            new_weights=scenario.training.new_weights,
        )
        return pool.trainer(make, max_tokens=task.max_tokens, on_fill=watchers.on_fill)

    content = loaded.digest + word_reading(task.kind, directory)
    context = _context(scenario, revision, content, task.max_tokens)
    store = Store(store_dir(cache_dir), cache_budget(cache_dir))
    numerics = numerics_tag(precision)
    if missing == "count":
        return CountingLearner(context=context, store=store, numerics=numerics)
    return StoredLearner(
        context=context,
        store=store,
        numerics=numerics,
        make_trainer=make_trainer if missing == "train" else None,
        on_progress=watchers.on_progress,
    )


def _context(scenario: Scenario, revision: str | None, content: str, max_tokens: int) -> str:
    """What every recipe of the run shares. The published new weights need no name: states that
    were stored before there was a choice keep theirs."""
    new_weights = scenario.training.new_weights
    named = "" if new_weights == "published" else f" {new_weights}"
    return f"{revision} {content} {max_tokens}{named}"


def _curve(kind: CurveTraining) -> Saturating | Tabulated:
    if kind.points is not None:
        return Tabulated(kind.points)
    return Saturating(floor=kind.floor, ceiling=kind.ceiling, scale_samples=kind.scale_samples)
