"""Censored amounts: restricted means and Kaplan-Meier curves against values computed by hand."""

import pytest

from analysis.statistics.survival import (
    Observation,
    common_limit,
    kaplan_meier,
    median_amount,
    restricted_mean,
)

REACHED = [Observation(amount=s, is_reached=True) for s in (10.0, 20.0, 60.0)]
CENSORED = Observation(amount=40.0, is_reached=False)


def test_a_censored_seed_counts_as_the_limit() -> None:
    assert common_limit([*REACHED, CENSORED]) == 40.0
    assert restricted_mean([*REACHED, CENSORED], 40.0).mean == (10 + 20 + 40 + 40) / 4


def test_without_censoring_the_restricted_mean_is_the_mean() -> None:
    assert common_limit(REACHED) == 60.0
    assert restricted_mean(REACHED, common_limit(REACHED)).mean == 30.0


def test_a_limit_above_a_censored_amount_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 40, .* got 50"):
        restricted_mean([CENSORED], 50.0)


def test_the_curve_falls_where_seeds_reach_the_target_and_not_where_they_end() -> None:
    curve = kaplan_meier([*REACHED, CENSORED])
    # 4 seeds at risk: 3/4 left after 10, 2/4 after 20; at 60 the only one left of those not ended
    assert curve["amount"].to_list() == [10.0, 20.0, 40.0, 60.0]
    assert curve["share"].to_list() == pytest.approx([0.75, 0.5, 0.5, 0.0])


def test_the_restricted_mean_is_the_area_below_the_curve() -> None:
    curve = kaplan_meier([*REACHED, CENSORED])
    area = 10.0 * 1.0 + 10.0 * curve["share"][0] + 20.0 * curve["share"][1]
    assert restricted_mean([*REACHED, CENSORED], 40.0).mean == pytest.approx(area)


def test_the_median_is_known_when_half_of_the_seeds_have_reached_the_target() -> None:
    assert median_amount([*REACHED, CENSORED]) == 20.0
    assert median_amount([REACHED[0], CENSORED, CENSORED]) is None
    assert median_amount([CENSORED]) is None
