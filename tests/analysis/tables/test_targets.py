"""The table of targets: rows, cells and caption."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.reading.study import Study, load_study
from analysis.tables.caption import caption
from analysis.tables.cells import format_table
from analysis.tables.targets import table_rows
from analysis.tables.text import duration
from learner.spec import Adapter, Full
from sim.records import RefusalRow

Make = Callable[..., Any]

KEYS = [
    *("arm", "target", "hours", "hours_low", "hours_high"),
    *("mbytes_per_client", "kilojoules_per_client"),
    *("speedup", "speedup_low", "speedup_high", "trial_share", "excluded_share"),
    *("n_seeds", "n_reached", "crossing", "interval"),
    *("mbytes_low", "mbytes_high", "kilojoules_low", "kilojoules_high"),
    *("baseline", "ratio", "ratio_low", "ratio_high", "n_common"),
    *("difference_hours", "difference_low", "difference_high", "p", "p_holm"),
    *("final", "final_low", "final_high", "best", "best_low", "best_high"),
    *("target_accuracy", "idle_kilojoules_per_client", "timed_as", "n_speedup"),
]
OVER = "where all of them reach the target, (range)"
REACHED = "reached: by the mean of 3 evaluations, for good"


@pytest.fixture
def small_study(study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make) -> Study:
    """Full fine-tuning ends at 75 % after 10 h, by its last three at 66.7 %; an adapter is at 62 to
    64 %, for good after 90 s."""

    def scores(*pairs: tuple[float, float]) -> list[Any]:
        return [make_evaluation(t, a) for t, a in pairs]

    write_run(
        "all of it",
        events=[make_round(36_000.0, Full(), n_bytes=10**10, energy_j=40_000.0)],
        evaluations=scores((9000.0, 0.55), (18_000.0, 0.7), (36_000.0, 0.75)),
    )
    write_run(
        "adapter",
        events=[make_round(30.0, n_bytes=25 * 10**6, energy_j=600.0)],
        evaluations=scores((30.0, 0.62), (60.0, 0.64), (90.0, 0.63)),
    )
    return load_study(study_dir)


def test_the_best_in_hindsight_is_another_arm_at_another_target(
    small_study: Study, study_dir: Path
) -> None:
    index = {"name": "s", "runs": [], "hindsight": {"oracle": ["all of it", "adapter"]}}
    index["runs"] = [str(run.path.relative_to(study_dir)) for run in small_study.runs]
    (study_dir / "study.json").write_text(json.dumps(index))
    rows = table_rows(load_study(study_dir), levels=(0.6, 0.65, 0.9), shares=())
    oracle = [row for row in rows if str(row["arm"]).startswith("oracle")]
    assert [(row["arm"], row["hours"]) for row in oracle[:3]] == [
        ("oracle, in hindsight: adapter", 90 / 3600),
        ("oracle, in hindsight: all of it", 10.0),
        ("oracle", None),
    ]
    assert format_table(oracle)[1][2][2] == "not reached"


def test_relative_targets_are_of_the_arm_that_is_named(small_study: Study) -> None:
    rows = table_rows(small_study, levels=(), shares=(0.9,), share_of="adapter")
    assert [row["target"] for row in rows[:2]] == ["90 % of adapter (56.7 %)"] * 2
    assert rows[0]["target_accuracy"] == pytest.approx(0.9 * 0.63)
    with pytest.raises(ValueError, match="has no arm 'LoRA' to take shares of; it has 'adap"):
        table_rows(small_study, share_of="LoRA")


def test_the_share_of_lost_trials_has_a_column(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make, make_decision: Make
) -> None:
    config = Adapter(depth=1, width=8)
    write_run(
        "trials",
        events=[
            *(make_round(10.0, config, branch=name, compute_s=5.0) for name in ("keep", "deeper")),
            make_decision(10.0, config),
        ],
        evaluations=[make_evaluation(10.0, 0.6)],
    )
    (row,) = table_rows(load_study(study_dir), levels=(0.5,), shares=())[:1]
    assert row["trial_share"] == 0.5
    assert format_table([row])[1][0][-1] == "50 %"


def test_devices_without_the_memory_have_a_column(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    refusal = RefusalRow(
        t_s=0.0,
        trial=0,
        branch="fixed",
        config=Full(),
        refused_clients={"jetson-nano": 3},
        needed_bytes={"jetson-nano": 5_300_000_000},
        limit_bytes={"jetson-nano": 4_000_000_000},
        share=0.75,
    )
    rounds = [make_round(10.0, Full())]
    write_run("full", events=[refusal, *rounds], evaluations=[make_evaluation(10.0, 0.6)])
    study = load_study(study_dir)
    (row,) = table_rows(study, levels=(0.5,), shares=())[:1]
    assert row["excluded_share"] == 0.75
    headers, cells = format_table([row])
    assert (headers[-1], cells[0][-1]) == ("excluded devices", "75 %")
    assert "full does not fit 75 % of the fleet" in caption(study)
    events = [replace(refusal, share=0.5), *rounds]
    write_run("other", digest="f" * 16, events=events, evaluations=[make_evaluation(10.0, 0.6)])
    assert "full does not fit 50 % to 75 % of the fleet" in caption(load_study(study_dir))


def test_every_target_has_a_row_for_every_arm(small_study: Study) -> None:
    rows = table_rows(small_study)
    assert all(list(row) == KEYS for row in rows)
    # Best is (0.55 + 0.7 + 0.75) / 3 = 66.7 %, of full fine-tuning.
    assert [row["target"] for row in rows[::2]] == [
        "50 %",
        "60 %",
        "70 %",
        "90 % of best (60.0 %)",
        "95 % of best (63.3 %)",
        "99 % of best (66.0 %)",
        "highest of full (66.7 %)",
        "accuracy 20.0 %",
    ]
    assert [row["arm"] for row in rows] == ["adapter", "all of it"] * 7 + ["majority class"]
    json.dumps(rows, allow_nan=False)


def test_a_row_has_time_traffic_energy_and_speedup(small_study: Study) -> None:
    adapter, full = table_rows(small_study, levels=(0.6,), shares=())[:2]
    assert adapter["hours"] == pytest.approx(90 / 3600)
    assert adapter["mbytes_per_client"] == pytest.approx(2.5)
    assert adapter["kilojoules_per_client"] == pytest.approx(0.06)
    assert adapter["speedup"] == pytest.approx(400.0)  # 36,000 s / 90 s
    assert (full["hours"], full["speedup"]) == (10.0, 1.0)


def test_a_speedup_is_over_common_seeds_and_a_range_for_few(
    study_dir: Path, write_run: Make, make_round: Make, make_held: Make
) -> None:
    for seed in range(6):
        held = make_held(10.0 * (seed + 1), 0.6)
        write_run("a", seed=seed, events=[make_round(held[-1].t_s)], evaluations=held)
    for seed in (4, 5):
        held = make_held(1000.0, 0.6)
        write_run(
            "ft", seed=seed, digest="f" * 16, events=[make_round(1e3, Full())], evaluations=held
        )
    row = next(row for row in table_rows(load_study(study_dir), (0.55,), ()) if row["arm"] == "a")
    assert row["speedup"] == pytest.approx(2000 / 110)
    assert (row["speedup_low"], row["speedup_high"]) == pytest.approx((1000 / 60, 20.0))
    _, ((*_, speedup, _, _),) = format_table([row])
    assert speedup == "18.2 (16.7 to 20) ×"


def test_targets_that_are_asked_for_are_the_only_ones(small_study: Study) -> None:
    rows = table_rows(small_study, levels=(0.6,), shares=())
    assert [row["target"] for row in rows] == ["60 %", "60 %", "accuracy 20.0 %"]
    rows = table_rows(small_study, levels=(), share_of="adapter")
    shares = ("90 % of adapter", "95 % of adapter", "99 % of adapter", "accuracy")
    assert all(any(row["target"].startswith(share) for share in shares) for row in rows)


def test_a_first_crossing_is_an_option_and_says_so(small_study: Study) -> None:
    adapter, full = table_rows(small_study, levels=(0.6,), shares=(), crossing="first")[:2]
    assert (adapter["hours"], full["hours"]) == (30 / 3600, 5.0)
    assert adapter["crossing"] == "first"
    assert "first crossing" in caption(small_study, "first")


def test_a_missed_target_is_none_and_has_no_speedup(small_study: Study) -> None:
    adapter, full = table_rows(small_study, levels=(0.65,), shares=())[:2]
    assert [adapter[key] for key in KEYS[2:15]] == [None] * 8 + [0.0, 0.0, 1, 0, "sustained"]
    assert full["speedup"] == 1.0
    adapter, full = table_rows(small_study, levels=(0.8,), shares=())[:2]
    assert adapter["hours"] is full["hours"] is None


def test_without_full_fine_tuning_speedup_is_none(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    write_run("a", evaluations=make_held(30.0, 0.62), majority=None)
    (row,) = table_rows(load_study(study_dir), levels=(0.5,), shares=())
    assert (row["hours"], row["speedup"]) == (30 / 3600, None)


def test_the_cells_have_units_and_marks_for_missing_values(small_study: Study) -> None:
    headers, cells = format_table(table_rows(small_study))
    assert headers == [
        "arm",
        "target",
        "time",
        "MB per client",
        "kJ per client",
        "speed-up",
        "final",
        "best",
    ]
    assert cells[2] == ["adapter", "60 %", "1.5 min", "2.5", "0.06", "400 ×", "63.0 %", "63.0 %"]
    assert cells[3] == ["all of it", "60 %", "600 min", "1000", "4", "1 ×", "75.0 %", "66.7 %"]
    assert cells[4] == ["adapter", "70 %", "not reached", "–", "–", "–", "63.0 %", "63.0 %"]
    assert cells[-1] == ["majority class", "accuracy 20.0 %", *["–"] * 6]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.8, "0.8 s"),
        (93.21, "93.2 s"),
        (119.0, "119 s"),
        (120.0, "2 min"),
        (4500.0, "75 min"),
        (7200.0, "2 h"),
        (158_226.3, "44 h"),
        (500_000.0, "5.79 d"),
    ],
)
def test_durations_have_a_suitable_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize("target", [0.0, -0.1, 60.0, float("nan")])
def test_impossible_targets_are_refused(target: float, small_study: Study) -> None:
    with pytest.raises(ValueError, match=f"a target must be above 0 and at most 1, got {target:g}"):
        table_rows(small_study, levels=(target,))
    with pytest.raises(ValueError, match="a target must be above 0"):
        table_rows(small_study, shares=(target,))


def test_the_caption_names_seeds_best_accuracy_and_learner(
    small_study: Study, write_run: Make
) -> None:
    best = "best = 66.7 % (all of it, moving mean of 3 evaluations)"
    assert caption(small_study) == (
        f"single seed: no interval, differences may be chance; {REACHED}; {best}; "
        "not flat at the end (docs/metrics.md): adapter, all of it"  # three evaluations each
    )
    write_run("adapter", seed=8, learner="curve", finished=False)
    assert caption(load_study(small_study.path)) == (
        f"mean over seeds {OVER} (adapter 2, all of it 1 (single seed: no interval)); "
        f"{REACHED}; {best}; accuracy from a learning curve, not from training; "
        "1 of 3 runs unfinished: adapter (seed 8)"
    )


def test_the_caption_counts_seeds(study_dir: Path, write_run: Make) -> None:
    for seed in (1, 2, 3):
        write_run("a", seed=seed, learner="curve")
    assert caption(load_study(study_dir)).startswith(
        f"mean of 3 seeds {OVER}; reached: by a single evaluation, for good; "
    )


def test_a_learning_curve_crosses_no_target_by_luck(study_dir: Path, write_run: Make) -> None:
    write_run("a", learner="curve")
    text = caption(load_study(study_dir), "first")
    assert "reached: by a single evaluation (first crossing); " in text
    assert "luck" not in text


def test_means_over_seeds_carry_their_interval(
    study_dir: Path, write_run: Make, make_round: Make, make_held: Make
) -> None:
    for seed in (1, 2, 3):
        t = 3600.0 * seed
        write_run("full", seed=seed, events=[make_round(t, Full())], evaluations=make_held(t, 0.8))
        write_run("quick", seed=seed, evaluations=make_held(t / 100, 0.8))
    full, quick = table_rows(load_study(study_dir), levels=(0.5,), shares=())[:2]
    assert 1.0 <= full["hours_low"] < full["hours"] == 2.0 < full["hours_high"] <= 3.0
    assert quick["speedup_low"] == pytest.approx(100.0) == quick["speedup_high"]
    _, cells = format_table([full, quick])
    assert cells[0][2] == "120 (60 to 180) min"
    assert cells[0][5] == "1 ×"  # against itself
    assert cells[1][5] == "100 ×"  # with every seed


def test_a_cell_says_how_many_seeds_reached_the_target(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    write_run("a", seed=1, evaluations=make_held(5.0, 0.8))
    write_run("a", seed=2, evaluations=make_held(5.0, 0.4))
    (row,) = table_rows(load_study(study_dir), levels=(0.5,), shares=())[:1]
    assert (row["hours"], row["n_seeds"], row["n_reached"]) == (None, 2, 1)
    _, ((_, _, time, *_),) = format_table([row])
    assert time == "not reached (1 of 2 seeds reached it)"
