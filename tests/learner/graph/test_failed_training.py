"""Training that fails: the error names the lineage, and what came before is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from learner.aggregation_rule import FedAvg
from learner.graph.stored_learner import NotStoredError
from learner.graph.trainer import DivergedError
from learner.spec import LocalJob, StateRef, Update
from tests.learner.graph.conftest import SMALL, Make, stored_states


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
