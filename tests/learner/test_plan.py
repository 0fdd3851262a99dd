"""Plans: the shape of their state, their parts, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from learner.plan import Part, Shares, Tiers, TuningPlan, parts_of, shape
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
