"""The table of targets over several seeds: arms compared with a baseline or in hindsight."""

import json
from collections.abc import Callable
from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import t as student

from analysis.reading.arms import chosen_arms
from analysis.reading.study import Study, load_study
from analysis.tables.arms import arm_frame
from analysis.tables.caption import caption
from analysis.tables.cells import format_table
from analysis.tables.runs import QUANTITIES
from analysis.tables.targets import table_rows

Make = Callable[..., Any]


@pytest.fixture
def paired(study_dir: Path, write_run: Make, make_round: Make, make_held: Make) -> Study:
    """Five seeds: base takes 10 to 50 h, quick always 10 h, even as long as base; bytes alike."""
    for seed in range(1, 6):
        for arm, hours in (("base", 10 * seed), ("quick", 10), ("even", 10 * seed)):
            t = 3600.0 * hours
            rounds = [make_round(t, n_bytes=hours * 10**7, energy_j=hours * 1e4)]
            write_run(arm, seed=seed, events=rounds, evaluations=make_held(t, 0.8))
    return load_study(study_dir)


def test_arms_are_compared_with_a_baseline_on_common_seeds(paired: Study) -> None:
    rows = table_rows(paired, levels=(0.5,), shares=(), baseline="base")
    base, even, quick = rows[:3]
    assert (base["ratio"], base["p"]) == (None, None)
    assert (even["ratio"], even["ratio_low"], even["p_holm"]) == (1.0, 1.0, 1.0)
    # errors x / 30 - 1: -2/3, -1/3, 0, 1/3, 2/3; their deviation / sqrt(5) is sqrt(10 / 36 / 5)
    error = (10 / 36 / 5) ** 0.5
    assert quick["ratio"] == pytest.approx(3.0)
    assert quick["ratio_low"] == pytest.approx(3.0 * exp(-2.776445 * error))
    assert quick["p"] == pytest.approx(2 * student.sf(log(3) / error, 4))
    assert quick["p_holm"] == pytest.approx(2 * quick["p"])  # of two comparisons
    assert (quick["difference_hours"], quick["n_common"]) == (-20.0, 5)
    headers, cells = format_table(rows[:3])
    assert headers[-2:] == ["ratio to base", "p (Holm)"]
    assert cells[1][-2:] == ["1 ×", "1"]
    with pytest.raises(ValueError, match="has no arm 'x' for a baseline; it has 'base', 'even"):
        table_rows(paired, baseline="x")


def test_arms_are_compared_with_the_best_in_hindsight(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    """On the other seeds `even` is always the best of the two; `slow` takes twice as long."""
    for seed in (1, 2, 3):
        for arm, hours in (("even", 20), ("slow", 40), ("ours", 10)):
            write_run(arm, seed=seed, evaluations=make_held(3600.0 * hours, 0.8))
    index: dict[str, Any] = {"name": "s", "hindsight": {"best": ["even", "slow"]}}
    index["runs"] = [str(run.path.relative_to(study_dir)) for run in load_study(study_dir).runs]
    (study_dir / "study.json").write_text(json.dumps(index))
    rows = table_rows(load_study(study_dir), levels=(0.5,), shares=(), baseline="best")
    ratios = {row["arm"]: row["ratio"] for row in rows[:4]}
    chosen = "best, in hindsight on the other seeds: even (3 of 3)"
    assert ratios == {"even": 1.0, "ours": 2.0, "slow": 0.5, chosen: None}
    frame = arm_frame(load_study(study_dir), QUANTITIES["time"], 0.5, "best")
    assert dict(zip(frame["arm"], frame["ratio"], strict=True)) == pytest.approx(
        {"even": 1.0, "ours": 2.0, "slow": 0.5}
    )


def test_bytes_and_joules_have_intervals_of_five_seeds(paired: Study) -> None:
    base = table_rows(paired, levels=(0.5,), shares=())[0]
    assert base["interval"] == "log-t"
    assert base["mbytes_per_client"] == pytest.approx(30.0)  # 10 to 50 MB, of 10 clients
    assert base["mbytes_low"] / base["hours_low"] == pytest.approx(1.0)
    assert base["mbytes_low"] < 30.0 < base["mbytes_high"]
    assert base["kilojoules_low"] == pytest.approx(base["mbytes_low"])


def test_the_best_in_hindsight_is_chosen_on_the_other_seeds(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    hours = {"a": (1, 9, 9), "b": (5, 5, 4), "c": (6, 6, 6)}
    for arm, of_arm in hours.items():
        for seed, value in enumerate(of_arm):
            write_run(arm, seed=seed, evaluations=make_held(3600.0 * value, 0.8))
    index: dict[str, Any] = {"name": "s", "hindsight": {"oracle": list(hours)}}
    index["runs"] = [str(run.path.relative_to(study_dir)) for run in load_study(study_dir).runs]
    (study_dir / "study.json").write_text(json.dumps(index))
    rows = table_rows(load_study(study_dir), levels=(0.5,), shares=())
    (oracle,) = [row for row in rows if str(row["arm"]).startswith("oracle")]
    # Without seed 0: a 9, b 4.5. Without 1: a 5, b 4.5. Without 2: a 5, b 5, so a, the first; it
    # then takes 9 h. On the same seeds b would be the best of all, with 14 / 3 h.
    assert oracle["hours"] == pytest.approx((5 + 5 + 9) / 3)
    assert oracle["arm"] == "oracle, in hindsight on the other seeds: b (2 of 3), a (1 of 3)"


def test_a_row_in_hindsight_of_a_study_that_has_not_run_whole_needs_two_of_its_arms(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    for arm in ("a", "b", "c"):
        write_run(arm, evaluations=make_held(3600.0, 0.8))
    begun = [str(run.path.relative_to(study_dir)) for run in load_study(study_dir).runs]
    rows = {"two": ["a", "b", "later"], "one": ["c", "later"], "none": ["later", "never"]}
    index = {"name": "s", "hindsight": rows, "runs": [*begun, "later/seed-0000"]}
    (study_dir / "study.json").write_text(json.dumps(index))
    assert load_study(study_dir).hindsight == {"two": ("a", "b")}


def test_a_table_keeps_the_columns_that_are_asked_for(paired: Study) -> None:
    rows = table_rows(paired, levels=(0.5,), shares=(), baseline="base")
    headers, lines = format_table(rows, ("p", "time", "ratio"))
    assert headers == ["arm", "target", "time", "ratio to base", "p (Holm)"]
    whole, all_lines = format_table(rows)
    places = [whole.index(header) for header in headers]
    assert lines == [[line[i] for i in places] for line in all_lines]
    with pytest.raises(ValueError, match="no column seconds; columns: time, bytes"):
        format_table(rows, ("seconds",))
    assert "; ratio = mean time of base / mean time of the arm" in caption(paired, baseline="base")


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("ratio", "no arm is compared; name another arm by --baseline"),
        ("p", "no arm is compared; name another arm by --baseline"),
        ("idle", "no arm that reached a target was charged idle joules; fleet.idle_w charges them"),
        ("lost-trials", "no arm worked for branches that lost their trial; leave it out"),
        ("excluded", "no configuration is too large for a device; leave it out"),
    ],
)
def test_a_column_that_a_table_does_not_have_is_refused(
    paired: Study, column: str, reason: str
) -> None:
    rows = table_rows(paired, levels=(0.5,), shares=())
    with pytest.raises(ValueError, match=f"^no column {column} in this table: {reason}$"):
        format_table(rows, ("time", column))


def test_among_some_arms_p_is_corrected_for_them_alone_and_a_row_in_hindsight_needs_two(
    paired: Study,
) -> None:
    study = replace(paired, hindsight={"all": ["base", "quick", "even"], "one": ["even", "base"]})
    some = chosen_arms(study, ["base", "quick"])
    assert some.arms == ("base", "quick")
    assert some.hindsight == {"all": ("base", "quick")}
    alone = replace(some, hindsight={})
    (quick,) = (row for row in table_rows(alone, (0.5,), (), baseline="base") if row["p"])
    assert quick["p_holm"] == quick["p"]
