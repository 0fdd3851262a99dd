"""Training in worker processes gives the same bytes as training in this process."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learner.aggregation_rule import FedAdam, FedAvg, Mix
from learner.graph.recipes import Adapt, Aggregate, Initial
from learner.graph.stored_learner import Progress, StoredLearner
from learner.graph.trainer import DivergedError
from learner.spec import Adapter, Feedback, Full, LocalJob, Lora, StateRef, TuningConfig, Update
from learner.state import State
from learner.store.store import Store
from learner.tasks import Task
from learner.training.local import passes
from learner.training.pool import TrainingPool
from learner.training.pooled_trainer import PooledTrainer
from learner.training.torch_learner import TorchLearner

BASE = StateRef("base")
SMALL, DEEP, WIDE = (Adapter(depth=d, width=w) for d, w in ((1, 8), (2, 8), (1, 16)))
Job = Callable[..., LocalJob]
Round = Callable[..., Aggregate]


@pytest.fixture(scope="module")
def make_learner(
    model_dir: Path,
    task: Task,
    shards: Mapping[int, np.ndarray],
    tmp_path_factory: pytest.TempPathFactory,
) -> partial[TorchLearner]:
    """The tiny encoder's learner, on a cache that no other test has filled."""
    return partial(
        TorchLearner,
        model_dir=model_dir,
        task=task,
        shards=shards,
        max_tokens=8,
        cache_dir=tmp_path_factory.mktemp("pool"),
    )


@pytest.fixture(scope="module")
def fills() -> list[tuple[str, float]]:
    """The workers' reports of encoding."""
    return []


@pytest.fixture(scope="module")
def pooled(
    make_learner: partial[TorchLearner], fills: list[tuple[str, float]]
) -> Iterator[PooledTrainer]:
    """Two workers, shared by this file: each takes seconds to import torch."""
    with PooledTrainer(
        make_learner, 2, max_tokens=8, on_fill=lambda *news: fills.append(news)
    ) as trainer:
        yield trainer


def greatest_difference(one: State, other: State) -> float:
    assert set(one) == set(other)
    return max(float(np.abs(one[name] - other[name]).max()) for name in one)


def as_bytes(state: State) -> dict[str, bytes]:
    return {name: value.tobytes() for name, value in state.items()}


def cohort(job: Job, config: TuningConfig, steps: Sequence[int]) -> list[LocalJob]:
    """Five clients with three learning rates, so three passes."""
    rates = (1e-3, 1e-3, 2e-3, 2e-3, 3e-3)
    return [
        job(client, config, n_batches=n, lr=lr)
        for client, (n, lr) in enumerate(zip(steps, rates, strict=True))
    ]


@pytest.mark.parametrize("config", [DEEP, Lora(depth=2, rank=3)], ids=str)
def test_batched_separate_and_pooled_training_agree(
    config: TuningConfig, trainer: TorchLearner, pooled: PooledTrainer, job: Job, round_of: Round
) -> None:
    base = trainer.make(Initial(config=config, seed=3), {})
    jobs = cohort(job, config, (3, 1, 5, 2, 4))
    recipe = round_of(*jobs)
    assert len(list(passes(recipe.updates, 8))) == 3
    told: dict[str, list[Feedback]] = {"batched": [], "pooled": [], "separate": []}
    batched = trainer.make(recipe, {BASE: base}, told["batched"].extend)
    own = pooled.make(recipe, {BASE: base}, told["pooled"].extend)
    assert as_bytes(own) == as_bytes(batched)
    assert told["pooled"] == told["batched"]
    alone = [pooled.make(round_of(one), {BASE: base}, told["separate"].extend) for one in jobs]
    weights = np.array([one.shard.n_samples for one in jobs]) / 51
    mean = {name: sum(w * s[name] for w, s in zip(weights, alone, strict=True)) for name in base}
    assert greatest_difference(own, mean) < 1e-5
    losses = [feedback.mean_loss for feedback in told["separate"]]
    assert [f.mean_loss for f in told["pooled"]] == pytest.approx(losses, abs=1e-5)
    # The check can fail: one step more for one client shows.
    longer = pooled.make(round_of(*cohort(job, config, (3, 2, 5, 2, 4))), {BASE: base})
    assert greatest_difference(longer, mean) > 1e-4
    assert as_bytes(longer) != as_bytes(batched)


def test_initial_and_grown_states_server_slots_and_whole_layers_are_the_same_bytes(
    trainer: TorchLearner, pooled: PooledTrainer, job: Job, round_of: Round
) -> None:
    def make(who: TorchLearner | PooledTrainer) -> list[dict[str, bytes]]:
        small = who.make(Initial(config=SMALL, seed=1), {})
        plain = round_of(*cohort(job, SMALL, (1, 1, 1, 1, 1)))
        adam = Aggregate(rule=FedAdam(kind="fedadam"), parent=BASE, updates=plain.updates)
        moved = who.make(adam, {BASE: small})
        grown = who.make(Adapt(parent=BASE, config=DEEP, seed=2), {BASE: moved})
        full = who.make(Initial(config=Full(), seed=1), {})
        tuned = who.make(round_of(job(1, Full()), job(3, Full())), {BASE: full})
        return [as_bytes(state) for state in (moved, grown, tuned)]

    assert make(pooled) == make(trainer)
    assert any(name.startswith("server.") for name in make(pooled)[1])


def test_quantised_exchange_gives_the_same_bytes(
    trainer: TorchLearner, pooled: PooledTrainer, job: Job, round_of: Round
) -> None:
    jobs = [job(client, SMALL, down_bits=8, up_bits=4) for client in range(3)]
    base = trainer.make(Initial(config=SMALL, seed=3), {})
    states = [who.make(round_of(*jobs), {BASE: base}) for who in (trainer, pooled)]
    assert as_bytes(states[0]) == as_bytes(states[1])


def test_stale_updates_are_trained_from_their_own_bases(
    trainer: TorchLearner, pooled: PooledTrainer, job: Job
) -> None:
    old, new = StateRef("old"), StateRef("new")
    parents = {
        name: trainer.make(Initial(config=SMALL, seed=seed), {})
        for seed, name in enumerate((old, new))
    }
    updates = tuple(
        Update(job=one, base=base, weight=1.0, discount=discount)
        for one, base, discount in zip(
            cohort(job, SMALL, (1, 2, 3, 2, 1)),
            (old, new, old, old, new),
            (0.5, 1.0, 0.5, 0.5, 1.0),
            strict=True,
        )
    )
    recipe = Aggregate(rule=Mix(kind="mix", alpha=0.6), parent=new, updates=updates)
    states = [as_bytes(who.make(recipe, parents)) for who in (trainer, pooled)]
    assert states[0] == states[1]


def branches(learner: StoredLearner, job: Job, n_rounds: int = 3) -> list[StateRef]:
    """A trunk of one round, and three branches of `n_rounds` on it."""

    def held(state: StateRef, config: TuningConfig, clients: Sequence[int]) -> StateRef:
        jobs = [job(client, config, n_batches=2) for client in clients]
        updates = [Update(job=one, base=state, weight=1.0) for one in jobs]
        return learner.aggregate(state, updates, FedAvg())

    trunk = held(learner.initial(SMALL, 7), SMALL, (0, 3))
    ends = []
    for config in (SMALL, DEEP, WIDE):
        state = learner.adapt(trunk, config, 9)
        for _ in range(n_rounds):
            state = held(state, config, (0, 2, 4))
        ends.append(state)
    return ends


def test_parallel_branches_have_the_scores_states_and_feedback_of_sequential_ones(
    trainer: TorchLearner, pooled: PooledTrainer, job: Job, tmp_path: Path
) -> None:
    seen: dict[str, list[Progress]] = {"alone": [], "pooled": []}
    files, scores, counts = [], [], []
    for name, one in (("alone", trainer), ("pooled", pooled)):
        before = one.trainings
        learner = StoredLearner(
            context="keywords",
            store=Store(tmp_path / name),
            numerics="tag",
            make_trainer=lambda one=one: one,  # type: ignore[misc]
            on_progress=seen[name].append,
        )
        scores.append(learner.evaluate(branches(learner, job), "validation"))
        counts.append(learner.trainings - before)
        root = tmp_path / name
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        files.append({str(path.relative_to(root)): path.read_bytes() for path in paths})
    assert scores[0] == scores[1]
    assert counts == [2 + 3 * 3 * 3] * 2
    assert files[0] == files[1]
    assert len(files[0]) > 20
    done = [(p.done, p.total) for p in seen["pooled"]]
    assert done == [(p.done, p.total) for p in seen["alone"]]
    assert {p.state for p in seen["pooled"]} == {p.state for p in seen["alone"]}
    assert {p.evaluation for p in seen["pooled"]} == {None, *scores[1]}


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_base_is_freed_after_its_last_use(
    n_workers: int,
    trainer: TorchLearner,
    pooled: PooledTrainer,
    job: Job,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three branches of eight rounds: in memory are only last states, new states and the trunk."""
    one = trainer if n_workers == 1 else pooled
    made: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []
    make = one.make

    def watched(*arguments: Any) -> State:
        state = make(*arguments)
        made.append(weakref.ref(state["param.head.weight"]))
        return state

    def count(progress: Progress) -> None:
        alive.append(sum(ref() is not None for ref in made))

    monkeypatch.setattr(one, "make", watched)
    learner = StoredLearner(
        context="keywords",
        store=Store(tmp_path),
        numerics="tag",
        make_trainer=lambda: one,
        on_progress=count,
    )
    learner.evaluate(branches(learner, job, n_rounds=8), "validation")
    assert len(made) == 2 + 3 * 8 + 2
    assert max(alive) <= (4 if n_workers == 1 else 8)


def test_of_several_branches_that_diverge_the_same_one_is_named(
    trainer: TorchLearner, pooled: PooledTrainer, job: Job, tmp_path: Path
) -> None:
    """The second one fails in its first round, the first one only in its fourth."""
    told: list[str] = []
    for one in (trainer, pooled):
        learner = StoredLearner(
            context="keywords",
            store=Store(tmp_path / str(len(told))),
            numerics="tag",
            make_trainer=lambda one=one: one,  # type: ignore[misc]
        )
        ends = []
        for state, rate in ((branches(learner, job)[0], 1e38), (learner.initial(SMALL, 7), 1e37)):
            bad = job(3, SMALL, optimizer="sgd", lr=rate)
            ends.append(
                learner.aggregate(state, [Update(job=bad, base=state, weight=1.0)], FedAvg())
            )
        with pytest.raises(DivergedError, match=r"lr 1e\+38.*initial .* > 5 x round") as failure:
            learner.evaluate(ends, "test")
        told.append(str(failure.value))
    assert told[0] == told[1]


def test_errors_of_a_worker_are_those_of_this_process(
    trainer: TorchLearner, pooled: PooledTrainer, job: Job, round_of: Round
) -> None:
    base = trainer.make(Initial(config=SMALL, seed=3), {})
    wild = round_of(job(0, SMALL), job(3, SMALL, optimizer="sgd", lr=1e38))
    messages = []
    for one in (trainer, pooled):
        with pytest.raises(DivergedError) as failure:
            one.make(wild, {BASE: base})
        messages.append(str(failure.value))
    assert messages[0] == messages[1]
    too_deep = Initial(config=Adapter(depth=9, width=8), seed=1)
    with pytest.raises(ValueError, match="depth"):
        pooled.make(too_deep, {})


def test_the_workers_report_encoding_and_encode_once(
    pooled: PooledTrainer, fills: list[tuple[str, float]], trainer: TorchLearner
) -> None:
    base = trainer.make(Initial(config=SMALL, seed=3), {})
    score = pooled.evaluate(base, SMALL, "test")
    assert score == trainer.evaluate(base, SMALL, "test")
    while ("test", 1.0) not in fills:
        pooled.report_progress()
    assert fills.count(("test", 1.0)) == 1


def test_one_worker_is_this_process(make_learner: partial[TorchLearner]) -> None:
    with TrainingPool(1) as pool:
        trainer = pool.trainer(make_learner, max_tokens=8, on_fill=lambda split, share: None)
    assert isinstance(trainer, TorchLearner)
