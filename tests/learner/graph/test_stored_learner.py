"""The memoising learner over real training of the tiny encoder."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from learner.graph import walk
from learner.graph.stored_learner import DivergedError, NotStoredError, Progress, StoredLearner
from learner.spec import Adapter, FedAvg, Full, Learner, LocalJob, StateRef, TuningConfig, Update
from learner.store.store import Store
from learner.training.torch_learner import TorchLearner

SMALL, DEEP = Adapter(depth=1, width=8), Adapter(depth=2, width=8)
Make = Callable[..., StoredLearner]


@pytest.fixture
def learner(tmp_path: Path, trainer: TorchLearner) -> Make:
    """learner(...) on the store in tmp_path; its trainer counts from 0."""

    def make(**changes: object) -> StoredLearner:
        trainer.trainings = 0
        settings = {"store": Store(tmp_path), "make_trainer": lambda: trainer} | changes
        return StoredLearner(context="keywords", numerics="tag", **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def lineage(job: Callable[..., LocalJob]) -> Callable[..., list[StateRef]]:
    """lineage(learner, config, n): an initial state and the n two-client rounds after it."""

    def make(
        learner: Learner, config: TuningConfig, n_rounds: int, **changes: float
    ) -> list[StateRef]:
        states = [learner.initial(config, 7)]
        for _ in range(n_rounds):
            states.append(one_round(learner, states[-1], config, **changes))
        return states

    def one_round(
        learner: Learner, state: StateRef, config: TuningConfig, **changes: float
    ) -> StateRef:
        jobs = [job(client, config, n_batches=1, **changes) for client in (0, 3)]
        updates = [Update(job=one, base=state, weight=float(one.shard.n_samples)) for one in jobs]
        return learner.aggregate(state, updates, FedAvg())

    return make


def stored_states(root: Path) -> list[Path]:
    return sorted(root.rglob("*.safetensors"))


def test_a_second_learner_on_the_same_store_trains_nothing(
    learner: Make, lineage: Callable[..., list[StateRef]]
) -> None:
    first = learner()
    states = lineage(first, SMALL, 3)
    scores = first.evaluate(states[1:], "test")
    assert (first.trainings, first.store_hits) == (6, 0)
    second = learner(make_trainer=None)  # a replay: no torch could be loaded here
    assert second.evaluate(lineage(second, SMALL, 3)[1:], "test") == scores
    assert (second.trainings, second.store_hits) == (0, 3)


def test_another_split_needs_the_tensors_but_no_training(
    learner: Make, lineage: Callable[..., list[StateRef]]
) -> None:
    first = learner()
    first.evaluate(lineage(first, SMALL, 2), "test")
    second = learner()
    assert len(second.evaluate(lineage(second, SMALL, 2)[1:], "validation")) == 2
    assert (second.trainings, second.store_hits) == (0, 2)


def test_only_what_is_missing_is_trained_and_nothing_that_nobody_asks_for(
    learner: Make, lineage: Callable[..., list[StateRef]]
) -> None:
    first = learner()
    states = lineage(first, SMALL, 5)
    first.evaluate([states[2]], "test")
    assert first.trainings == 4
    first.evaluate([states[4]], "test")
    assert first.trainings == 8
    assert first.store_hits == 1  # the base, loaded
    again = learner()
    states = lineage(again, SMALL, 5)
    again.evaluate([states[5]], "test")
    assert again.trainings == 2


def test_numbers_do_not_depend_on_what_the_store_holds(
    learner: Make, lineage: Callable[..., list[StateRef]], tmp_path: Path
) -> None:
    stepwise = learner(store=Store(tmp_path / "a"))
    scores = [stepwise.evaluate([state], "test")[0] for state in lineage(stepwise, DEEP, 3)]
    at_once = learner(store=Store(tmp_path / "b"))
    assert at_once.evaluate(lineage(at_once, DEEP, 3), "test") == scores
    contents = [[p.read_bytes() for p in stored_states(tmp_path / x)] for x in "ab"]
    assert len(contents[0]) == 4
    assert set(contents[1]) < set(contents[0])


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_lost_tensor_file_only_means_training_again(
    learner: Make, lineage: Callable[..., list[StateRef]], tmp_path: Path, damage: str
) -> None:
    first = learner()
    states = lineage(first, SMALL, 3)
    scores = first.evaluate(states[1:], "test")
    (path,) = tmp_path.rglob(f"{states[3]}*.safetensors")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    else:
        path.unlink()
    for evaluation in tmp_path.rglob("*.json"):
        evaluation.unlink()
    again = learner()
    assert again.evaluate(lineage(again, SMALL, 3)[1:], "test") == scores
    assert again.trainings == 2
    assert len(stored_states(tmp_path)) == 3


def test_branches_share_their_trunk_and_grown_states_continue_it(
    learner: Make, lineage: Callable[..., list[StateRef]], job: Callable[..., LocalJob]
) -> None:
    one = learner()
    trunk = lineage(one, SMALL, 2)[-1]
    branches = [trunk, one.adapt(trunk, DEEP, 9), one.adapt(trunk, Adapter(depth=1, width=16), 9)]
    scores = one.evaluate(branches, "validation")
    assert one.trainings == 4
    assert len(scores) == 3
    assert one.adapt(trunk, SMALL, 9) == trunk


def test_large_states_are_kept_every_few_rounds_and_at_the_ends(
    learner: Make,
    lineage: Callable[..., list[StateRef]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = learner()
    states = lineage(one, Full(), 7)
    size_bytes = 4 * 19_555  # parameters of the tiny encoder and its head
    monkeypatch.setattr(walk, "BYTES_PER_KEPT_STATE", size_bytes / 3)
    one.evaluate(states[:3] + states[7:], "test")
    kept = {path.name[:32] for path in stored_states(tmp_path)}
    assert kept == {states[3], states[6], states[7]}


def test_a_replay_miss_names_what_is_missing(
    learner: Make, lineage: Callable[..., list[StateRef]]
) -> None:
    replay = learner(make_trainer=None)
    state = lineage(replay, SMALL, 1)[-1]
    with pytest.raises(NotStoredError, match=f"no test score of state {state}, configuration"):
        replay.evaluate([state], "test")


def test_a_diverged_training_names_its_lineage_and_keeps_what_came_before(
    learner: Make,
    lineage: Callable[..., list[StateRef]],
    job: Callable[..., LocalJob],
    tmp_path: Path,
) -> None:
    one = learner()
    trunk = lineage(one, SMALL, 2)
    bad = job(3, SMALL, optimizer="sgd", lr=1e38)
    update = Update(job=bad, base=trunk[-1], weight=1.0)
    last = one.aggregate(trunk[-1], [update], FedAvg())
    chain = r"client 3, .*lr 1e\+38.*; \w{32} = initial .* seed 7 > 3 x round"
    with pytest.raises(DivergedError, match=chain):
        one.evaluate([*trunk[1:], last], "test")
    assert len(stored_states(tmp_path)) == 2
    replay = learner(make_trainer=None)
    assert len(replay.evaluate(lineage(replay, SMALL, 2)[1:], "test")) == 2


def test_a_loss_that_is_not_finite_names_its_lineage(
    learner: Make, lineage: Callable[..., list[StateRef]], tmp_path: Path
) -> None:
    """One step of 1e30 leaves finite weights, but not a finite loss."""
    one = learner()
    last = lineage(one, SMALL, 1, lr=1e30)[-1]
    chain = rf"test loss (nan|inf); {last} = initial .* seed 7 > round"
    with pytest.raises(DivergedError, match=chain):
        one.evaluate([last], "test")
    assert not list(tmp_path.glob("evaluations/*/*.json"))


def test_progress_counts_states_and_jobs_of_each_call(
    learner: Make, lineage: Callable[..., list[StateRef]]
) -> None:
    seen: list[Progress] = []
    one = learner(on_progress=seen.append)
    states = lineage(one, SMALL, 2)
    (scores,) = one.evaluate([states[2]], "test")
    assert [(p.done, p.total, p.jobs_done, p.jobs_total) for p in seen] == [
        (1, 3, 0, 4),
        (2, 3, 2, 4),
        (3, 3, 4, 4),
    ]
    assert [(p.state, p.evaluation) for p in seen] == [
        (states[0], None),
        (states[1], None),
        (states[2], scores),
    ]
    one.evaluate([states[2]], "test")
    assert len(seen) == 3


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from learner.spec import Adapter, FedAvg, LocalJob, Shard, Update
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


def test_feedback_is_told_by_the_training_that_the_state_needs_and_kept(
    learner: Make, job: Callable[..., LocalJob]
) -> None:
    one = learner()
    base = one.initial(SMALL, 7)
    updates = [Update(job=job(client, SMALL), base=base, weight=1.0) for client in (3, 0, 4)]
    state = one.aggregate(base, updates, FedAvg())
    told = one.feedback(updates)
    assert one.trainings == 3
    one.evaluate([state], "test")
    assert one.trainings == 3  # not once more
    assert all(0.0 < each.mean_loss <= each.rms_loss < 3.0 for each in told)
    replay = learner(make_trainer=None)
    base = replay.initial(SMALL, 7)
    assert replay.feedback(updates[::-1]) == told[::-1]  # in the order asked
    assert replay.feedback([]) == []


def test_feedback_that_no_run_kept_is_trained_for_again(
    learner: Make, job: Callable[..., LocalJob], tmp_path: Path
) -> None:
    one = learner()
    base = one.initial(SMALL, 7)
    updates = [Update(job=job(client, SMALL), base=base, weight=1.0) for client in (0, 3)]
    one.aggregate(base, updates, FedAvg())
    told = one.feedback(updates)
    for path in tmp_path.glob("feedback/*/*.json"):
        path.write_text(path.read_text()[:-7])  # torn
    other = learner()
    base = other.initial(SMALL, 7)
    state = other.aggregate(base, updates, FedAvg())
    assert other.feedback(updates) == told
    assert other.trainings == 2
    assert other.evaluate([state], "test") == one.evaluate([state], "test")
