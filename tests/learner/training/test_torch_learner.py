"""TorchLearner as a whole, on the tiny encoder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from learner.graph.recipes import Adapt, Aggregate, Initial
from learner.spec import Adapter, Freeze, Full, LocalJob, Lora, NewWeights, StateRef, TuningConfig
from learner.tasks import Task
from learner.training.torch_learner import TorchLearner
from learner.tuning.parameters import BACKBONE

BASE = StateRef("base")
CONFIGS = [
    Adapter(depth=0, width=8),
    Adapter(depth=2, width=16),
    Lora(depth=1, rank=4),
    Freeze(depth=1),
    Full(),
]
State = Mapping[str, np.ndarray]
Round = Callable[..., Aggregate]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_without_a_learning_rate_every_score_stays(
    config: TuningConfig, trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Round
) -> None:
    base = trainer.make(Initial(config=config, seed=1), {})
    jobs = [job(client, config, lr=0.0, head_lr=0.0) for client in range(5)]
    after = trainer.make(round_of(*jobs), {BASE: base})
    assert trainer.trainings == 5
    assert trainer.evaluate(after, config, "test") == trainer.evaluate(base, config, "test")
    assert all(np.array_equal(after[name], value) for name, value in base.items())


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_rounds_of_training_beat_the_majority_class(
    config: TuningConfig,
    trainer: TorchLearner,
    task: Task,
    job: Callable[..., LocalJob],
    round_of: Round,
) -> None:
    state = trainer.make(Initial(config=config, seed=1), {})
    before = trainer.evaluate(state, config, "train")
    for _ in range(8):
        jobs = [job(client, config, n_batches=6, lr=3e-3, head_lr=2e-2) for client in range(5)]
        state = trainer.make(round_of(*jobs), {BASE: state})
    after = trainer.evaluate(state, config, "train")
    assert after.loss < before.loss - 0.1
    assert after.accuracy > task.majority_accuracy("train") + 0.1
    assert after.n_examples == 60
    correct = bin(int(after.correct, 16)).count("1")
    assert correct == round(after.accuracy * 60)


@pytest.mark.parametrize("config", [Adapter(depth=1, width=8), Freeze(depth=1)], ids=str)
def test_only_what_the_configuration_names_is_trained(
    config: TuningConfig, trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Round
) -> None:
    base = trainer.make(Initial(config=config, seed=1), {})
    after = trainer.make(round_of(job(0, config)), {BASE: base})
    frozen = {name: tensor.clone() for name, tensor in trainer._backbone.weights.items()}
    trainer.make(round_of(job(0, config)), {BASE: base})
    assert all(bool((tensor == frozen[n]).all()) for n, tensor in trainer._backbone.weights.items())
    still = {name for name, value in base.items() if np.array_equal(after[name], value)}
    assert not {name for name in still if "key.bias" not in name}
    assert all(
        name.startswith(("param.head.", "param.adapter.1.", f"{BACKBONE}encoder.layer.1."))
        for name in after
    )


def test_adapt_keeps_every_trained_weight_bit_for_bit(
    trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Round
) -> None:
    small, large = Adapter(depth=1, width=8), Adapter(depth=2, width=16)
    base = trainer.make(Initial(config=small, seed=1), {})
    trained = trainer.make(round_of(job(0, small)), {BASE: base})
    grown = trainer.make(Adapt(parent=BASE, config=large, seed=2), {BASE: trained})
    fresh = trainer.make(Initial(config=large, seed=2), {})
    assert all(grown[name].tobytes() == value.tobytes() for name, value in trained.items())
    new = set(grown) - set(trained)
    assert new
    assert all(np.array_equal(grown[name], fresh[name]) for name in new)


@pytest.mark.parametrize(
    ("new_weights", "small", "large", "changes"),
    [
        ("published", Adapter(depth=1, width=8), Adapter(depth=2, width=16), True),
        ("identity", Adapter(depth=1, width=8), Adapter(depth=2, width=16), False),
        ("published", Lora(depth=1, rank=2, alpha=4.0), Lora(depth=2, rank=6, alpha=12.0), False),
    ],
)
def test_growth_without_effect_leaves_every_score(
    new_weights: NewWeights,
    small: TuningConfig,
    large: TuningConfig,
    changes: bool,
    model_dir: Path,
    task: Task,
    shards: Mapping[int, np.ndarray],
    cache_dir: Path,
    job: Callable[..., LocalJob],
    round_of: Round,
) -> None:
    learner = TorchLearner(
        model_dir=model_dir,
        task=task,
        shards=shards,
        max_tokens=8,
        cache_dir=cache_dir,
        new_weights=new_weights,
    )
    base = learner.make(Initial(config=small, seed=1), {})
    trained = learner.make(round_of(job(0, small, lr=0.05)), {BASE: base})
    grown = learner.make(Adapt(parent=BASE, config=large, seed=1), {BASE: trained})
    losses = [learner.evaluate(s, c, "test").loss for s, c in ((trained, small), (grown, large))]
    assert (abs(losses[1] - losses[0]) > 1e-5) == changes
    assert losses[1] == pytest.approx(losses[0], abs=1e-2 if changes else 1e-6)


def test_the_inputs_are_left_as_they_were(
    trainer: TorchLearner, job: Callable[..., LocalJob], round_of: Round
) -> None:
    base = trainer.make(Initial(config=Full(), seed=1), {})
    for value in base.values():
        value.setflags(write=False)  # as the store's tensors may be; torch would warn or write
    before = {name: value.copy() for name, value in base.items()}
    trainer.make(round_of(job(0, Full())), {BASE: base})
    trainer.evaluate(base, Full(), "test")
    assert all(np.array_equal(base[name], value) for name, value in before.items())


def test_a_shard_that_is_not_the_jobs_is_refused(
    model_dir: Path, task: Task, cache_dir: Path, job: Callable[..., LocalJob], round_of: Round
) -> None:
    config = Adapter(depth=0, width=8)
    other = TorchLearner(
        model_dir=model_dir,
        task=task,
        shards={0: np.arange(3)},
        max_tokens=8,
        cache_dir=cache_dir,
    )
    base = other.make(Initial(config=config, seed=1), {})
    with pytest.raises(ValueError, match="client 0 has 3 training examples, but its job says 12"):
        other.make(round_of(job(0, config)), {BASE: base})


def test_more_tokens_than_the_model_has_positions_are_refused(
    model_dir: Path, task: Task, cache_dir: Path
) -> None:
    with pytest.raises(ValueError, match="max_tokens must be at most 16 for this model, got 17"):
        TorchLearner(model_dir=model_dir, task=task, shards={}, max_tokens=17, cache_dir=cache_dir)


TRAIN = """
import sys, hashlib
from pathlib import Path
import numpy as np
from learner.graph.recipes import Aggregate, Initial
from learner.aggregation_rule import FedAvg
from learner.spec import Adapter, LocalJob, Shard, StateRef, Update
from learner.tasks import Split, Task
from learner.training.torch_learner import TorchLearner

model_dir, cache_dir = map(Path, sys.argv[1:3])
texts = sys.argv[3:]
split = Split(texts=tuple(texts), labels=np.arange(len(texts), dtype=np.int64) % 3)
task = Task(name="t", labels=("a", "b", "c"), train=split, validation=split, test=split, digest="t")
shards = {0: np.arange(0, 10), 1: np.arange(10, 17)}
learner = TorchLearner(
    model_dir=model_dir, task=task, shards=shards, max_tokens=8, cache_dir=cache_dir
)
config, base = Adapter(depth=2, width=16), StateRef("base")
state = learner.make(Initial(config=config, seed=1), {})
updates = tuple(
    Update(
        job=LocalJob(
            shard=Shard(client_id=c, n_samples=len(s), digest=""), config=config, n_batches=3,
            batch_size=4, optimizer="adamw", lr=1e-3, head_lr=1e-2, seed=c,
        ),
        base=base, weight=1.0,
    )
    for c, s in shards.items()
)
for _ in range(2):
    state = learner.make(Aggregate(rule=FedAvg(), parent=base, updates=updates), {base: state})
hasher = hashlib.sha256()
for name in sorted(state):
    hasher.update(name.encode() + state[name].tobytes())
print(hasher.hexdigest(), learner.evaluate(state, config, "test"))
"""


def test_two_processes_train_the_same_bytes(model_dir: Path, tmp_path: Path, task: Task) -> None:
    """With a cold activation cache and with a warm one."""
    texts = task.train.texts[:20]
    command = [sys.executable, "-W", "error", "-c", TRAIN, str(model_dir), str(tmp_path), *texts]
    outputs = [
        subprocess.run(
            command, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        )
        for seed in ("1", "2")
    ]
    assert outputs[0].stdout == outputs[1].stdout != ""
    assert [output.stderr for output in outputs] == ["", ""]
