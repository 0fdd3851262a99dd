"""The table of arms: hand-computed means, lower bounds and paired ratios."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.reading.study import Study, load_study
from analysis.tables.arms import arm_frame, default_reference
from analysis.tables.runs import QUANTITIES, default_target, run_frame
from learner.spec import Full

Make = Callable[..., Any]
TIME = QUANTITIES["time"]


@pytest.fixture
def three_arms(study_dir: Path, write_run: Make, make_round: Make, make_held: Make) -> Study:
    """To 60 %: full takes 100, 200, 300 s; quick a tenth of it; shy is watched for 50, 80 and
    90 s, and gets there in the last."""
    for seed in (1, 2, 3):
        t = 100.0 * seed
        write_run(
            "full",
            seed=seed,
            events=[make_round(t, Full(), n_bytes=10**8)],
            evaluations=make_held(t, 0.7),
        )
        write_run("quick", seed=seed, evaluations=make_held(t / 10, 0.6))
    for seed, t, level in ((1, 50.0, 0.5), (2, 80.0, 0.5), (3, 90.0, 0.6)):
        write_run("shy", seed=seed, evaluations=make_held(t, level))
    return load_study(study_dir)


def rows(study: Study, **options: Any) -> dict[str, dict[str, Any]]:
    return {row["arm"]: row for row in arm_frame(study, TIME, 0.6, **options).to_dicts()}


def test_means_and_ratios_are_over_seeds(three_arms: Study) -> None:
    quick = rows(three_arms)["quick"]
    assert (quick["mean"], quick["n_seeds"], quick["n_reached"]) == (20.0, 3, 3)
    assert 10.0 <= quick["low"] < 20.0 < quick["high"] <= 30.0
    assert (quick["ratio"], quick["n_common"]) == (10.0, 3)
    assert quick["ratio_low"] == pytest.approx(10.0)  # every seed gains tenfold
    assert quick["difference"] == -180.0
    assert not quick["is_lower_bound"]
    assert quick["n_needed"] > 3


def test_an_arm_with_seeds_below_the_target_has_a_lower_bound(three_arms: Study) -> None:
    shy = rows(three_arms)["shy"]
    assert (shy["mean"], shy["is_lower_bound"], shy["n_reached"]) == (50.0, True, 1)
    assert (shy["ratio"], shy["n_common"]) == (300 / 90, 1)
    assert shy["n_needed"] is None
    assert shy["median"] == 90.0  # of the runs that have not ended by then, one of one


def test_restricted_means_of_all_arms_have_one_limit(three_arms: Study) -> None:
    # 50 s, the end of shy's first run: full takes longer, quick takes 10, 20 and 30 s
    by_arm = rows(three_arms)
    assert {row["limit"] for row in by_arm.values()} == {50.0}
    assert [row["restricted"] for row in by_arm.values()] == [50.0, 20.0, 50.0]
    assert (by_arm["full"]["mean"], by_arm["full"]["median"]) == (200.0, 200.0)


def test_the_reference_is_full_fine_tuning_unless_named(three_arms: Study) -> None:
    assert default_reference(three_arms) == "full"
    assert rows(three_arms, reference="quick")["full"]["ratio"] == 0.1
    with pytest.raises(ValueError, match="has no arm 'fast' for a baseline; it has 'full', 'qui"):
        arm_frame(three_arms, TIME, 0.6, "fast")


def test_a_single_seed_has_no_bounds(study_dir: Path, write_run: Make, make_round: Make) -> None:
    write_run("a", events=[make_round(40.0, compute_s=3.0, idle_s=1.0)])
    study = load_study(study_dir)
    (row,) = arm_frame(study, QUANTITIES["utilisation"]).to_dicts()
    assert (row["mean"], row["low"], row["high"], row["n_needed"]) == (0.75, None, None, None)
    assert default_target(study) is None
    (row,) = arm_frame(study, TIME).to_dicts()
    assert (row["mean"], row["is_lower_bound"], row["n_reached"]) == (40.0, True, 0)


def test_costs_of_a_run_are_per_client(three_arms: Study) -> None:
    row = run_frame(three_arms, 0.6).row(1, named=True)
    assert (row["arm"], row["seed"], row["reached_s"]) == ("full", 2, 200.0)
    assert row["mbytes"] == row["end_mbytes"] == 10.0  # of ten clients
    assert row["first_s"] == 100.0  # the first of three equal evaluations
