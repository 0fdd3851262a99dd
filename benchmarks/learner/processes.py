"""Benchmarks of a second process: its gain in wall time, and its gain for pure arithmetic.

The latter is the limit of the machine, whose cores share caches and clock.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from learner.aggregation_rule import FedAvg
from learner.graph.recipes import Aggregate, Initial
from learner.graph.stored_learner import StoredLearner
from learner.spec import Adapter, StateRef
from learner.store.store import Store

from .cohort import MAX_TOKENS, N_CLIENTS, Shards, cohort, trec, trec_learner
from .timing import REPEATS

CONFIG = Adapter(depth=2, width=8)
N_ROUNDS = 8
SCORED_EVERY = 4


def two_processes() -> dict[str, Any]:
    """Two cohorts trained in independent processes, like the runs of a study."""
    with _two_processes() as trainers:
        return _beside_the_limit(lambda: _gain(trainers, _train_for_a_while))


def pooled() -> dict[str, Any]:
    """One run's rounds of 15 clients (two passes) on two workers, scored every four rounds."""
    return _pooled([range(N_CLIENTS)])


def pooled_trial() -> dict[str, Any]:
    """A trial's three branches of 5 clients each (one pass) on two workers."""
    return _pooled([range(i, i + N_CLIENTS // 3) for i in (0, 5, 10)])


def _pooled(branches: Sequence[range]) -> dict[str, Any]:
    """The gain of two workers over this process, for making and scoring new lineages."""
    from learner.training.pooled_trainer import PooledTrainer

    task, shards = trec()
    make = trec_learner(task, shards)

    def seconds(trainer: Any) -> float:
        with tempfile.TemporaryDirectory() as place:
            learner = StoredLearner(
                context="bench",
                store=Store(Path(place)),
                numerics="bench",
                make_trainer=lambda: trainer,
            )
            states = [ref for clients in branches for ref in _scored(learner, shards, clients)]
            begun_s = time.perf_counter()
            learner.evaluate(states, "validation")
            return time.perf_counter() - begun_s

    with PooledTrainer(make, 2, max_tokens=MAX_TOKENS) as on_two:
        alone = make()
        seconds(alone), seconds(on_two)  # both are warm then
        return _beside_the_limit(lambda: seconds(alone) / seconds(on_two))


def _scored(learner: StoredLearner, shards: Shards, clients: range) -> Iterator[StateRef]:
    """The states to score in a lineage of these clients."""
    state = learner.initial(CONFIG, clients.start)
    for round_no in range(1, N_ROUNDS + 1):
        state = learner.aggregate(state, cohort(shards, CONFIG, state, clients), FedAvg())
        if round_no % SCORED_EVERY == 0:
            yield state


def _beside_the_limit(gain: Callable[[], float]) -> dict[str, Any]:
    """Medians of the gain, of the same for pure arithmetic, and of their ratio."""
    with _two_processes() as counters:
        _gain(counters, _count_for_a_while)
        pairs = [(gain(), _gain(counters, _count_for_a_while)) for _ in range(REPEATS)]
    gains, limits = zip(*pairs, strict=True)
    return {
        "ratio": round(statistics.median(own / limit for own, limit in pairs), 2),
        "gain": round(statistics.median(gains), 2),
        "plain_gain": round(statistics.median(limits), 2),
    }


@contextmanager
def _two_processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


def _gain(pool: ProcessPoolExecutor, work: Callable[[], float]) -> float:
    """How many times faster two processes do two pieces of work than one does."""
    for future in [pool.submit(work) for _ in range(4)]:  # both are warm then
        future.result()
    alone_s = pool.submit(work).result()
    begun_s = time.perf_counter()
    for future in [pool.submit(work) for _ in range(2)]:
        future.result()
    return 2 * alone_s / (time.perf_counter() - begun_s)


def _train_for_a_while() -> float:
    global _kept
    if _kept is None:
        task, shards = trec()
        learner = trec_learner(task, shards)()
        name = StateRef("base")
        base = learner.make(Initial(config=CONFIG, seed=1), {})
        recipe = Aggregate(rule=FedAvg(), parent=name, updates=cohort(shards, CONFIG, name))
        _kept = partial(learner.make, recipe, {name: base})
        _kept()
    begun_s = time.perf_counter()
    for _ in range(3):
        _kept()
    return time.perf_counter() - begun_s


_kept: Callable[[], object] | None = None


def _count_for_a_while() -> float:
    begun_s = time.perf_counter()
    total = 0
    for i in range(30_000_000):
        total += i
    return time.perf_counter() - begun_s
