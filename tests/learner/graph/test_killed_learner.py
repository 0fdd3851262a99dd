"""A learner that was killed: the next one trains the rest and gives the same numbers."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from learner.aggregation_rule import FedAvg
from learner.spec import Adapter, LocalJob, Shard, Update
from learner.store.store import Store
from learner.graph.stored_learner import StoredLearner
from learner.tasks import Split, Task
from learner.training.torch_learner import TorchLearner

model_dir, die_after = Path(sys.argv[1]), int(sys.argv[2])
texts = tuple(f"w{i} w{i + 1}" for i in range(12))
split = Split(texts=texts, labels=np.arange(12) % 3)
task = Task(name="t", labels=("a", "b", "c"), train=split, validation=split, test=split, digest="t")
shards = {0: np.arange(12)}

def progress(row):
    if row.done == die_after:
        os.kill(os.getpid(), signal.SIGKILL)

def run(root):
    learner = StoredLearner(
        context="t",
        store=Store(root / "store"),
        numerics="tag",
        make_trainer=lambda: TorchLearner(
            model_dir=model_dir, task=task, shards=shards, max_tokens=8, cache_dir=root
        ),
        on_progress=progress,
    )
    config = Adapter(depth=1, width=8)
    state = learner.initial(config, 0)
    for seed in range(6):
        job = LocalJob(
            shard=Shard(client_id=0, n_samples=12, digest=""), config=config, n_batches=2,
            batch_size=4, optimizer="adamw", lr=1e-3, head_lr=1e-2, seed=seed,
        )
        state = learner.aggregate(state, [Update(job=job, base=state, weight=1.0)], FedAvg())
    print(learner.evaluate([state], "test"), learner.trainings)

for root in sys.argv[3:]:
    run(Path(root))
"""


def test_after_a_kill_only_the_missing_is_trained_and_the_numbers_are_the_same(
    model_dir: Path, tmp_path: Path
) -> None:
    def run(die_after: int, *roots: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", KILLED, str(model_dir), str(die_after), *map(str, roots)]
        return subprocess.run(command, capture_output=True, text=True)

    killed = run(5, tmp_path / "a")  # after the initial state and four of six rounds
    assert killed.returncode == -signal.SIGKILL
    resumed, whole = run(-1, tmp_path / "a", tmp_path / "b").stdout.splitlines()
    assert resumed.removesuffix(" 2") == whole.removesuffix(" 6") != ""
    assert (resumed[-2:], whole[-2:]) == (" 2", " 6")
