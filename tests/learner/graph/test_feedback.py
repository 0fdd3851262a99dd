"""The clients' training losses: stored with the training, trained again if lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from learner.aggregation_rule import FedAvg
from learner.spec import LocalJob, Update
from tests.learner.graph.conftest import SMALL, Make


def test_feedback_comes_from_the_training_of_the_state_and_is_stored(
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


def test_lost_feedback_is_computed_by_training_again(
    learner: Make, job: Callable[..., LocalJob], tmp_path: Path
) -> None:
    one = learner()
    base = one.initial(SMALL, 7)
    updates = [Update(job=job(client, SMALL), base=base, weight=1.0) for client in (0, 3)]
    one.aggregate(base, updates, FedAvg())
    told = one.feedback(updates)
    for path in tmp_path.glob("feedback/*/*.json"):
        path.write_text(path.read_text()[:-7])  # damaged
    other = learner()
    base = other.initial(SMALL, 7)
    state = other.aggregate(base, updates, FedAvg())
    assert other.feedback(updates) == told
    assert other.trainings == 2
    assert other.evaluate([state], "test") == one.evaluate([state], "test")
