"""CurveLearner: states that carry their own samples."""

from __future__ import annotations

import copy
import tracemalloc

from learner.aggregation_rule import FedAvg
from learner.graph.curve_learner import CurveLearner, Tabulated
from learner.spec import Adapter, RoundUpdates, Shard, StateRef

CONFIG = Adapter(depth=1, width=8)
LINE = Tabulated(((0.0, 0.0), (1000.0, 1.0)))


def _round(state: StateRef) -> RoundUpdates:
    """One client with 5 batches of 2 samples."""

    def no_update(i: int) -> None:
        raise AssertionError(i)

    return RoundUpdates(
        base=state,
        config=CONFIG,
        shards=[Shard(client_id=0, n_samples=10, digest="x")],
        n_batches=[5],
        batch_size=2,
        make=no_update,  # type: ignore[arg-type]
    )


def test_states_of_equal_recipes_are_equal_and_keep_their_samples() -> None:
    learner = CurveLearner("x", LINE)
    made = []
    for _ in range(2):
        state = learner.initial(CONFIG, 0)
        for _ in range(3):
            state = learner.aggregate(state, _round(state), FedAvg())
        made.append(learner.adapt(state, Adapter(depth=2, width=8), 0))
    assert made[0] == made[1]
    assert [one.accuracy for one in learner.evaluate(made, "test")] == [0.03, 0.03]


def test_a_state_takes_memory_only_while_its_name_is_in_use() -> None:
    learner = CurveLearner("x", LINE)
    state = learner.initial(CONFIG, 0)

    def advance(n: int) -> int:
        nonlocal state
        for _ in range(n):
            state = learner.aggregate(state, _round(state), FedAvg())
            learner.evaluate([state], "test")
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = advance(1500)  # every score up to 1.0 was given
        assert advance(3000) - before < 50_000  # with a table: 300 bytes each
    finally:
        tracemalloc.stop()


def test_a_state_is_stored_as_plain_text() -> None:
    state = CurveLearner("x", LINE).initial(CONFIG, 0)
    copied = copy.deepcopy(state)
    assert (type(copied), copied) == (str, state)
