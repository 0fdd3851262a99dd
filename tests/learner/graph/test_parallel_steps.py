"""Dependent steps on a thread pool: order, parallelism, and which failure is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Barrier, Event

import pytest

from learner.graph.parallel_steps import run_steps

NEEDS = {"trunk": "", "a1": ["trunk"], "a2": ["a1"], "b1": ["trunk"], "c1": ["trunk"], "c2": ["c1"]}
AGENDA = list(NEEDS)


def needs(step: str) -> list[str]:
    return list(NEEDS[step])


def test_a_step_begins_after_the_caller_has_the_results_it_needs() -> None:
    begun: list[tuple[str, list[str]]] = []
    in_hand: list[str] = []

    def begin(step: str) -> Callable[[], str]:
        begun.append((step, list(in_hand)))
        return step.upper

    for step, result in run_steps(AGENDA, needs, begin, at_once=3):
        assert result == step.upper()
        in_hand.append(step)
    assert sorted(in_hand) == sorted(AGENDA)
    assert all(set(needs(step)) <= set(before) for step, before in begun)


def test_steps_without_dependents_go_first_and_then_the_longest_chain() -> None:
    needs = {"a": [], "b": [], "b2": ["b"], "c": [], "c2": ["c"], "c3": ["c2"], "d": []}
    begun: list[str] = []

    def begin(step: str) -> Callable[[], str]:
        begun.append(step)
        return lambda: step

    done = list(run_steps(list(needs), needs.__getitem__, begin, at_once=1))
    assert begun == [step for step, _ in done] == ["a", "d", "c", "b", "b2", "c2", "c3"]


def test_three_branches_run_at_the_same_time() -> None:
    together = Barrier(3, timeout=60)
    branches = ("a1", "b1", "c1")

    def begin(step: str) -> Callable[[], object]:
        return together.wait if step in branches else lambda: None

    assert len(list(run_steps(AGENDA, needs, begin, at_once=3))) == len(AGENDA)


@pytest.mark.parametrize("wrong", [("a2", "c1"), ("a1", "b1", "c2"), ("c1", "b1")])
def test_the_failure_of_a_sequential_run_is_raised(wrong: tuple[str, ...]) -> None:
    """Even if another fails first: here late steps fail at once, and early ones take longer."""
    late = Event()

    def begin(step: str) -> Callable[[], str]:
        def do() -> str:
            if step[0] == "a":
                late.wait(0.2)
            if step in wrong:
                raise ValueError(step)
            return step

        return do

    def meet(done: Iterator[tuple[str, str]]) -> tuple[str, list[str]]:
        met: list[str] = []
        with pytest.raises(ValueError, match=r"^\w\d$") as failure:
            met.extend(step for step, _ in done)
        return str(failure.value), met

    one_by_one = ((step, begin(step)()) for step in AGENDA)
    first, before = meet(one_by_one)
    failure, met = meet(run_steps(AGENDA, needs, begin, at_once=3))
    assert failure == first == min(wrong, key=AGENDA.index)
    assert set(before) <= set(met)


def test_on_wait_is_called_while_steps_run() -> None:
    heard = Event()

    def begin(step: str) -> Callable[[], bool]:
        return lambda: heard.wait(60)

    done = run_steps(["one"], lambda step: (), begin, at_once=1, on_wait=heard.set)
    assert list(done) == [("one", True)]
