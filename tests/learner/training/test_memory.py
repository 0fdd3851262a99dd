"""If memory runs out, the error names the pass, and the process can go on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from learner.graph.recipes import Initial
from learner.graph.trainer import NoMemoryError
from learner.spec import Adapter, LocalJob, StateRef
from learner.tasks import Task
from learner.training.memory import memory_for
from learner.training.torch_learner import TorchLearner

BASE = StateRef("base")


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is of the address space")
def test_a_pass_that_does_not_fit_is_named_with_its_batch_and_configuration(
    model_dir: Path, task: Task, cache_dir: Path, job: Callable[..., LocalJob], round_of: Any
) -> None:
    """A batch of half a million texts takes 700 MB for the activations of one layer alone."""
    resource = pytest.importorskip("resource")
    huge = {0: np.tile(np.arange(60), 8_000)}
    learner = TorchLearner(
        model_dir=model_dir, task=task, shards=huge, max_tokens=8, cache_dir=cache_dir
    )
    config = Adapter(depth=2, width=8)
    base = learner.make(Initial(config=config, seed=1), {})
    learner._split("train")
    fitting = _job_of(job(0, config), huge, batch_size=4)
    learner.make(round_of(fitting), {BASE: base})
    used_bytes = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used_bytes + 100 * 2**20, hard))
    named = "out of memory: clients 0 trained together, 480000 texts per batch of at most 8 tokens"
    try:
        with pytest.raises(NoMemoryError, match=re.escape(named) + r".* configuration \(2, 8\)"):
            learner.make(round_of(_job_of(fitting, huge, batch_size=480_000)), {BASE: base})
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    learner.make(round_of(fitting), {BASE: base})


def _job_of(job: LocalJob, shards: Mapping[int, np.ndarray], batch_size: int) -> LocalJob:
    shard = replace(job.shard, n_samples=len(shards[0]))
    return replace(job, shard=shard, batch_size=batch_size, n_batches=1)


def test_both_allocators_words_are_understood() -> None:
    with pytest.raises(NoMemoryError, match="out of memory: work"), memory_for("work"):
        torch.empty(2**55)
    with pytest.raises(NoMemoryError, match="out of memory: work"), memory_for("work"):
        np.empty(2**55)


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), memory_for("work"):
        torch.zeros(2, 3) @ torch.zeros(2, 3)
