"""The variation of a machine's speed, of series whose variation is known."""

from __future__ import annotations

import pytest

from fidelity.steadiness import variation, work_seconds


def test_blocks_that_are_longer_than_the_swings_are_steady() -> None:
    swings = [0.01, 0.03] * 1_000  # 40 s, in pairs of 40 ms
    found = dict(variation(swings))
    assert list(found) == [0.1, 1.0, 5.0]  # of 15 s there are two alone
    assert found[0.1] == pytest.approx(0.1, abs=0.02)  # five values: two of one kind, three of it
    assert found[1.0] == pytest.approx(0.0, abs=1e-9)


def test_the_work_is_repeated_for_as_long_as_is_asked() -> None:
    seconds = work_seconds(0.2)
    assert 0.1 < sum(seconds) < 5.0
    assert min(seconds) > 0.0
