"""Two halves of a sample, known by mean and standard deviation, give those of the whole."""

from __future__ import annotations

from statistics import fmean, stdev

import pytest

from benchmarks.pooled_seeds import Logs, pooled


def test_two_halves_give_the_whole() -> None:
    values = [0.1, 0.4, -0.2, 0.3, 0.0, 0.5, 0.9, 0.2]
    parts = [Logs(fmean(part), stdev(part), len(part)) for part in (values[:3], values[3:])]
    assert pooled(*parts) == pytest.approx((fmean(values), stdev(values), len(values)))
