"""Plans: the shape of their state, their parts, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from learner.graph.recipes import RecipeGraph
from learner.plan import Part, Shares, Tiers, TuningPlan, is_part, parts_of, shape
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig

SMALL, DEEP, WIDE = (Adapter(depth=d, width=w) for d, w in ((1, 8), (3, 8), (2, 16)))


@pytest.mark.parametrize(
    ("parts", "largest"),
    [
        ((SMALL, DEEP), DEEP),
        ((DEEP, WIDE, SMALL), Adapter(depth=3, width=16)),  # which nobody trains as a whole
        (
            (Lora(depth=1, rank=2, alpha=4), Lora(depth=3, rank=8, alpha=16)),
            Lora(depth=3, rank=8, alpha=16),
        ),
        ((Freeze(depth=2), Freeze(depth=1)), Freeze(depth=2)),
    ],
)
def test_the_state_has_the_smallest_shape_that_holds_all_parts(
    parts: tuple[TuningConfig, ...], largest: TuningConfig
) -> None:
    assert shape(Tiers(parts=parts)) == largest
    shares = (1 / len(parts),) * len(parts)
    assert shape(Shares(parts=parts, shares=shares)) == largest


def test_a_state_may_be_larger_than_all_parts() -> None:
    plan = Tiers(parts=(SMALL,), whole=DEEP)
    assert shape(plan) == DEEP
    assert parts_of(plan) == (Part(config=SMALL, whole=DEEP),)


def test_a_part_that_is_the_whole_state_is_no_part() -> None:
    whole, part = parts_of(Tiers(parts=(DEEP, SMALL), runs="whole"))
    assert whole == Part(config=DEEP)
    assert part == Part(config=SMALL, whole=DEEP, runs="whole")
    assert (whole.received, part.received) == (DEEP, DEEP)
    assert parts_of(Tiers(parts=(DEEP, SMALL)))[1].received == SMALL
    assert parts_of(Full()) == (Part(config=Full()),)


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (Tiers, {"parts": ()}, "parts must name at least one configuration, got none"),
        (Tiers, {"parts": (SMALL, Freeze(depth=1))}, r"parts must all be adapters.*\(1, 8\) / top"),
        (Tiers, {"parts": (Full(),)}, "parts must all be .*, got full"),
        (
            Tiers,
            {"parts": (Lora(depth=1, rank=4), Lora(depth=1, rank=8))},
            r"parts must have one alpha / rank, got \[4.0, 2.0\]",
        ),
        (Tiers, {"parts": (SMALL,), "limit_s": 0.0}, "limit_s must be above 0"),
        (Tiers, {"parts": (DEEP, SMALL), "whole": WIDE}, r"whole must hold all parts.*got .*16"),
        (Shares, {"parts": (SMALL, DEEP), "shares": (0.5,)}, "one positive number for each part"),
        (Shares, {"parts": (SMALL, DEEP), "shares": (0.5, 0.6)}, "1 in total"),
        (Shares, {"parts": (SMALL, DEEP), "shares": (1.0, 0.0)}, "positive"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(kind: Any, values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**values)


def test_a_plan_reads_as_text() -> None:
    plans: tuple[TuningPlan, ...] = (
        Tiers(parts=(DEEP, SMALL), limit_s=4),
        Tiers(parts=(DEEP, SMALL)),
        Shares(parts=(SMALL, DEEP), shares=(2 / 3, 1 / 3)),
    )
    assert [str(plan) for plan in plans] == [
        "(3, 8) / (1, 8) by 4 s",
        "(3, 8) / (1, 8) by memory",
        "(1, 8) / (3, 8) in shares 0.667, 0.333",
    ]


def test_what_is_a_part_of_a_state() -> None:
    lora = Lora(depth=2, rank=4, alpha=16)
    for config, whole in ((SMALL, DEEP), (DEEP, DEEP), (Full(), Full())):
        assert is_part(config, whole)
    assert not is_part(WIDE, DEEP)
    assert is_part(Lora(depth=1, rank=2, alpha=8), lora)
    assert not is_part(Lora(depth=1, rank=2, alpha=16), lora)  # another alpha / rank
    assert not is_part(SMALL, lora)
    assert not is_part(Freeze(depth=1), Full())


def test_a_restricted_state_has_its_own_name_unless_it_is_all() -> None:
    graph = RecipeGraph("context")
    state = graph.initial(DEEP, 1)
    assert graph.restrict(state, DEEP) == state
    part = graph.restrict(state, SMALL)
    assert graph.config(part) == SMALL
    assert list(graph.pending([part], lambda _: False)) == [state, part]
    with pytest.raises(ValueError, match=r"\(2, 16\) is no part of \(3, 8\)"):
        graph.restrict(state, WIDE)
