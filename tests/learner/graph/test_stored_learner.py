"""StoredLearner trains only what is missing, and its numbers do not depend on the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from learner.graph import walk
from learner.graph.stored_learner import Progress
from learner.spec import Adapter, Full, LocalJob, StateRef
from learner.store.store import Store
from tests.learner.graph.conftest import DEEP, SMALL, Make, stored_states


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
