"""Local training: order of the batches, passes, moved word embeddings, divergence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from learner.graph.recipes import Initial
from learner.graph.trainer import DivergedError
from learner.spec import (
    Adapter,
    Full,
    LocalJob,
    StateRef,
    Update,
)
from learner.tasks import Task
from learner.training.local import batch_plan, passes
from learner.training.torch_learner import TorchLearner
from learner.tuning.parameters import BACKBONE

BASE = StateRef("base")


def test_full_tuning_moves_only_the_words_it_reads(
    trainer: TorchLearner,
    task: Task,
    shards: Mapping[int, np.ndarray],
    job: Callable[..., LocalJob],
    round_of: Callable[..., Any],
) -> None:
    base = trainer.make(Initial(config=Full(), seed=3), {})
    trained = trainer.make(round_of(job(1, Full(), n_batches=1)), {BASE: base})
    name = f"{BACKBONE}embeddings.word_embeddings.weight"
    moved = set(np.flatnonzero((trained[name] != base[name]).any(1)).tolist())
    read = " ".join(" ".join(task.train.texts[i].split()[:6]) for i in shards[1]).split()
    assert moved == {2, 3} | {4 + int(word[1:]) for word in read}  # [CLS], [SEP] and the words
    assert len(moved) < len(base[name]) - 1


def test_with_weight_decay_full_tuning_moves_every_word(
    trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Callable[..., Any]
) -> None:
    base = trainer.make(Initial(config=Full(), seed=3), {})
    decayed = round_of(job(1, Full(), n_batches=1, weight_decay=0.1))
    trained = trainer.make(decayed, {BASE: base})
    name = f"{BACKBONE}embeddings.word_embeddings.weight"
    assert (trained[name] != base[name]).any(1).sum() == (base[name] != 0).any(1).sum()


def test_an_epoch_visits_every_text_once_and_the_next_in_another_order(
    job: Callable[..., LocalJob], shards: Mapping[int, np.ndarray]
) -> None:
    plan = batch_plan(job(3, Adapter(depth=0, width=8), n_batches=6), shards[3])  # 9 texts
    assert [len(texts) for texts in plan] == [4, 4, 1, 4, 4, 1]
    first, second = np.concatenate(plan[:3]), np.concatenate(plan[3:])
    assert sorted(first) == sorted(second) == sorted(shards[3])
    assert first.tolist() != second.tolist()


def test_passes_are_cut_by_tokens_and_by_what_cannot_be_trained_side_by_side(
    job: Callable[..., LocalJob],
) -> None:
    def cut(*jobs: LocalJob, max_tokens: int) -> list[list[int]]:
        updates = [Update(job=one, base=BASE, weight=1.0) for one in jobs]
        return [[u.job.shard.client_id for u in p] for p in passes(updates, max_tokens)]

    config = Adapter(depth=1, width=8)
    jobs = [job(client, config) for client in range(5)]
    assert cut(*jobs, max_tokens=128) == [[0, 1], [2, 3], [4]]  # 1024 = 2 x 4 x 128
    assert cut(*jobs, max_tokens=512) == [[0], [1], [2], [3], [4]]
    assert cut(*jobs[:2], job(2, config, lr=0.5), max_tokens=8) == [[0, 1], [2]]
    assert cut(*(job(c, Full()) for c in range(2)), max_tokens=8) == [[0], [1]]


def test_a_diverging_client_is_named(
    trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Callable[..., Any]
) -> None:
    config = Adapter(depth=1, width=8)
    base = trainer.make(Initial(config=config, seed=3), {})
    jobs = [job(0, config), job(3, config, optimizer="sgd", lr=1e38)]
    named = re.escape(f"client 3, configuration {config}, sgd lr 1e+38, head_lr 0.01")
    with pytest.raises(DivergedError, match=named):
        trainer.make(round_of(*jobs), {BASE: base})
