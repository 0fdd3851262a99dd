"""Arms of a study with axes are compared with arms at the same point of the axes."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from analysis.reading.study import Study, load_study
from analysis.tables.arms import arm_frame, default_reference
from analysis.tables.caption import caption
from analysis.tables.cells import format_table
from analysis.tables.runs import QUANTITIES
from analysis.tables.targets import table_rows
from learner.spec import Full

Make = Callable[..., Any]

HOURS = {
    "adapter, rate=0.1": 2.0,
    "adapter, rate=10.0": 1.0,
    "full, rate=0.1": 180.0,
    "full, rate=10.0": 14.0,
}
PLACES = {arm: {"rate": float(arm.rsplit("=", 1)[1])} for arm in HOURS}
BEST = {
    f"best, rate={rate}": [f"adapter, rate={rate}", f"full, rate={rate}"] for rate in (0.1, 10.0)
}


def study_of(
    directory: Path,
    write_run: Make,
    make_round: Make,
    make_held: Make,
    hours: Mapping[str, float],
    **index: Any,
) -> Study:
    """A run for each arm, which reaches 60 % after its hours; "full" in an arm's name is full."""
    for number, (arm, own) in enumerate(hours.items()):
        config = {"config": Full()} if "full" in arm else {}
        write_run(
            arm,
            digest=f"{number:08x}ffff",
            events=[make_round(3600 * own, **config)],
            evaluations=make_held(3600 * own, 0.6),
            majority=None,
        )
    listed: Sequence[str] = [f"{arm}-{number:08x}/seed-0007" for number, arm in enumerate(hours)]
    text = json.dumps({"name": "s", "runs": listed} | index)
    (directory / "study.json").write_text(text)
    return load_study(directory)


@pytest.fixture
def rates(study_dir: Path, write_run: Make, make_round: Make, make_held: Make) -> Study:
    """Two arms at two rates; full fine-tuning takes 90 times as long at one, 14 at the other."""
    index = {"axes": {"rate": ["fleet.network.rate"]}, "coordinates": PLACES, "hindsight": BEST}
    return study_of(study_dir, write_run, make_round, make_held, HOURS, **index)


def by_arm(study: Study, key: str, **options: Any) -> dict[str, Any]:
    return {row["arm"]: row[key] for row in table_rows(study, (0.5,), (), **options)}


def test_a_speedup_is_over_full_fine_tuning_at_the_same_point(rates: Study) -> None:
    found = by_arm(rates, "speedup")
    assert [found[arm] for arm in HOURS] == pytest.approx([90.0, 14.0, 1.0, 1.0])
    assert found["best, rate=0.1, in hindsight: adapter, rate=0.1"] == pytest.approx(90.0)


def test_a_speedup_is_over_every_configurator_at_a_point(
    study_dir: Path, write_run: Make, make_round: Make, make_held: Make
) -> None:
    places = {"adapter": {"policy": "adapter"}, "full": {"policy": "full"}}
    axes = {"policy": ["configurator.kind", "configurator.config"]}
    hours = {"adapter": 1.0, "full": 30.0}
    options: Any = {"axes": axes, "coordinates": places}
    study = study_of(study_dir, write_run, make_round, make_held, hours, **options)
    assert by_arm(study, "speedup") == pytest.approx({"adapter": 30.0, "full": 1.0})


def test_a_baseline_without_coordinates_is_the_arm_at_the_same_point(rates: Study) -> None:
    found = by_arm(rates, "ratio", baseline="full")
    assert [found[arm] for arm in HOURS] == [pytest.approx(90.0), pytest.approx(14.0), None, None]
    found = by_arm(rates, "ratio", baseline="best")
    assert [found[arm] for arm in HOURS] == pytest.approx([1.0, 1.0, 1 / 90, 1 / 14])
    found = by_arm(rates, "ratio", baseline="full, rate=10.0")
    assert found["adapter, rate=0.1"] == pytest.approx(7.0)  # an arm that is named is meant
    headers, _ = format_table(table_rows(rates, (0.5,), (), baseline="full"))
    assert headers[-2] == "ratio to full"
    assert "mean time of full at the same point / mean" in caption(rates, baseline="full")


def test_a_refused_baseline_names_five_that_there_are(rates: Study) -> None:
    names = "'adapter', 'full', 'best', 'adapter, rate=0.1', 'adapter, rate=10.0' and 4 more"
    for name in ("fill", ""):
        with pytest.raises(ValueError, match=f"has no arm {name!r} for a baseline; it has {names}"):
            table_rows(rates, (0.5,), (), baseline=name)


def test_arms_are_compared_with_full_fine_tuning_at_their_point(rates: Study) -> None:
    assert default_reference(rates) == "full"
    frame = arm_frame(rates, QUANTITIES["time"], 0.5)
    assert frame["ratio"].to_list() == pytest.approx([90.0, 14.0, 1.0, 1.0])
    assert frame["n_common"].to_list() == [1, 1, 1, 1]


def test_arms_without_an_arm_at_their_point_have_no_ratio(
    study_dir: Path, write_run: Make, make_round: Make, make_held: Make
) -> None:
    hours = {arm: HOURS[arm] for arm in list(HOURS)[:3]}
    places = {arm: PLACES[arm] for arm in hours}
    axes = {"rate": ["fleet.network.rate"]}
    options: Any = {"axes": axes, "coordinates": places}
    study = study_of(study_dir, write_run, make_round, make_held, hours, **options)
    assert by_arm(study, "speedup")["adapter, rate=10.0"] is None
    frame = arm_frame(study, QUANTITIES["time"], 0.5, "full")
    assert frame["ratio"].to_list() == [pytest.approx(90.0), None, 1.0]
