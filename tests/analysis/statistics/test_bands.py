"""Bands over seeds, against hand-computed values."""

import polars as pl
import pytest

from analysis.statistics.bands import accuracy_band


def curve(*points: tuple[float, float]) -> pl.DataFrame:
    return pl.DataFrame(points, schema=["t_s", "accuracy"], orient="row")


def test_a_band_covers_the_time_common_to_all_seeds() -> None:
    one = curve((1.0, 0.2), (3.0, 0.6), (9.0, 0.8))
    two = curve((2.0, 0.4), (4.0, 0.5))
    band = accuracy_band([one, two])
    assert band.columns == ["t_s", "mean", "low", "high"]
    assert band["t_s"].to_list() == [2.0, 3.0, 4.0]
    assert band["mean"].to_list() == pytest.approx([0.4, 0.525, 0.56667], abs=1e-5)
    assert band.row(1)[2:] == pytest.approx((0.45, 0.6))


def test_seeds_without_common_time_have_no_band() -> None:
    assert accuracy_band([curve((1.0, 0.2)), curve((2.0, 0.4))]).is_empty()
