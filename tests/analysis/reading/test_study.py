"""Run directories are read as they were written; missing parts give warnings."""

import json
from collections.abc import Callable
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from analysis.reading.arms import chosen_arms
from analysis.reading.study import load_study
from analysis.tables.caption import caption
from learner.spec import Adapter, Full
from sim.records import EndRow, FailedRow

Make = Callable[..., Any]


def refusal(path: Path) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
        load_study(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_runs_are_sorted_by_arm_and_seed(study_dir: Path, write_run: Make) -> None:
    for arm, seed in (("b", 2), ("a", 11), ("b", 1), ("a", 9)):
        write_run(arm, seed=seed)
    study = load_study(study_dir)
    assert [(run.arm, run.seed) for run in study.runs] == [("a", 9), ("a", 11), ("b", 1), ("b", 2)]
    assert study.arms == ("a", "b")
    assert [run.seed for run in study.runs_of("b")] == [1, 2]


def test_a_run_has_the_values_of_its_files(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make, make_decision: Make
) -> None:
    path = [Adapter(depth=2, width=16), Full()]
    events = [make_round(5.0, path[0], n_bytes=400, energy_j=7.5), make_decision(6.0, path[1])]
    write_run("a", events=events, evaluations=[make_evaluation(5.0, 0.5)], learner="curve")
    (run,) = load_study(study_dir).runs
    assert (run.n_clients, run.learner, run.report_on) == (10, "curve", "test")
    assert run.majority_accuracy == 0.2
    (row,) = run.rounds.to_dicts()
    assert row["down_bytes"] + row["up_bytes"] == 400
    assert (row["energy_j"], row["depth"], row["width"]) == (7.5, 2, 16)
    (decision,) = run.decisions.to_dicts()
    assert (decision["kind"], decision["depth"], decision["chosen"]) == ("full", None, "deeper")
    assert run.evaluations["accuracy"].to_list() == [0.5]


def test_a_task_without_data_has_no_majority(study_dir: Path, write_run: Make) -> None:
    write_run("a", majority=None)
    assert load_study(study_dir).runs[0].majority_accuracy is None


@pytest.mark.parametrize("below", [".", "a-01234567", "a-01234567/seed-0007"])
def test_the_directory_of_an_arm_or_a_run_is_read_as_a_study(
    below: str, study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    write_run("a", evaluations=[make_evaluation(1.0, 0.5)])
    study = load_study(study_dir / below)
    assert study.arms == ("a",)
    assert study.warnings == ()


def test_brackets_in_a_path_are_not_read_as_a_pattern(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    write_run("[a]*", events=[make_round(1.0)])
    (run,) = load_study(study_dir).runs
    assert len(run.rounds) == 1


def test_arms_with_the_same_name_get_their_digest(study_dir: Path, write_run: Make) -> None:
    write_run("a", digest="11111111ffff")
    write_run("a", digest="22222222ffff")
    write_run("b")
    assert load_study(study_dir).arms == ("a [11111111]", "a [22222222]", "b")


def test_a_killed_run_is_used_up_to_its_last_complete_row(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    directory = write_run(
        "a",
        events=[make_round(1.0), make_round(2.0)],
        evaluations=[make_evaluation(1.0, 0.4)],
        finished=False,
    )
    with (directory / "events.jsonl").open("a") as file:
        file.write('{"row":"round","t_s":3.0')
    study = load_study(study_dir)
    assert len(study.runs[0].rounds) == 2
    assert not study.runs[0].is_finished
    assert study.warnings == (
        "a-01234567/seed-0007: unfinished, used up to simulated second 2",
        "a-01234567/seed-0007: events.jsonl ends within a row; this row is left out",
    )


def test_a_log_that_differs_from_done_is_not_finished(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    events = [make_round(1.0), make_round(2.0)]
    directory = write_run("a", events=events, evaluations=[make_evaluation(1.0, 0.4)])
    whole = load_study(study_dir)
    assert (whole.runs[0].is_finished, whole.warnings) == (True, ())
    path = directory / "events.jsonl"
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    cut = load_study(study_dir)
    assert (cut.runs[0].is_finished, len(cut.runs[0].rounds)) == (False, 1)
    told = "events.jsonl differs from what DONE records: changed since the run finished; used as it"
    assert len(cut.warnings) == 1
    assert cut.warnings[0].startswith(f"a-01234567/seed-0007: {told} is")


@pytest.mark.parametrize("name", ["evaluations.jsonl", "manifest.json"])
def test_every_file_that_is_read_is_compared_with_done(
    name: str, study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    rows = [make_evaluation(1.0, 0.4), make_evaluation(2.0, 0.9)]
    path = write_run("a", events=[make_round(1.0)], evaluations=rows) / name
    path.write_text(path.read_text().replace("0.9", "0.1").replace("torch", "other"))
    study = load_study(study_dir)
    assert not study.runs[0].is_finished
    assert f"seed-0007: {name} differs from what DONE records" in study.warnings[0]


def test_a_done_of_version_0_1_0_finishes_a_run_and_says_what_it_does_not_cover(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make
) -> None:
    directory = write_run("a", events=[make_round(1.0)], evaluations=[make_evaluation(1.0, 0.4)])
    digest = sha256((directory / "events.jsonl").read_bytes()).hexdigest()
    (directory / "DONE").write_text(json.dumps({"events_sha256": digest}))
    study = load_study(study_dir)
    assert study.runs[0].is_finished
    told = "DONE of version 0.1.0 does not cover evaluations.jsonl, manifest.json"
    assert told in study.warnings[0]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"events_sha256": null}', "\x00"])
def test_a_damaged_done_does_not_finish_a_run(
    content: str, study_dir: Path, write_run: Make
) -> None:
    (write_run("a") / "DONE").write_text(content)
    study = load_study(study_dir)
    assert not study.runs[0].is_finished
    assert "DONE is not a file that a run writes" in study.warnings[0]


def test_evaluations_that_end_within_a_row_give_a_warning(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    directory = write_run("a", evaluations=[make_evaluation(1.0, 0.4), make_evaluation(2.0, 0.5)])
    path = directory / "evaluations.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    study = load_study(study_dir)
    assert study.runs[0].evaluations["accuracy"].to_list() == [0.4]
    assert "evaluations.jsonl differs from what DONE records" in study.warnings[0]
    assert study.warnings[1:] == (
        "a-01234567/seed-0007: evaluations.jsonl ends within a row; this row is left out",
    )


def test_a_run_without_rows_gives_warnings(study_dir: Path, write_run: Make) -> None:
    directory = write_run("a", finished=False)
    (directory / "events.jsonl").unlink()
    (directory / "evaluations.jsonl").unlink()
    assert load_study(study_dir).warnings == (
        "a-01234567/seed-0007: unfinished, used up to simulated second 0",
        "a-01234567/seed-0007: has no evaluation on test yet",
    )


def test_the_error_of_a_failed_run_is_a_warning(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    failure = FailedRow(t_s=4.0, error="no room for the state")
    write_run("a", events=[failure], evaluations=[make_evaluation(1.0, 0.4)])
    assert load_study(study_dir).warnings == (
        "a-01234567/seed-0007: failed: no room for the state",
    )


def test_a_directory_without_runs_is_refused(tmp_path: Path) -> None:
    rule = "holds no runs (no manifest.json up to two directories down)"
    assert refusal(tmp_path) == f"{tmp_path}: {rule}"
    assert refusal(tmp_path / "missing") == f"{tmp_path / 'missing'}: {rule}"


def test_a_damaged_manifest_is_refused(study_dir: Path, write_run: Make) -> None:
    path = write_run("a") / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["n_clients"]
    path.write_text(json.dumps(manifest))
    assert refusal(study_dir) == f"{path}: is not a run's manifest: key 'n_clients' is missing"
    path.write_text("{")
    assert refusal(study_dir).startswith(f"{path}: must be JSON: Expecting")
    path.write_text("[]")
    assert refusal(study_dir).startswith(f"{path}: is not a run's manifest")


def test_damaged_rows_are_refused_by_number(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    path = write_run("a", events=[make_round(1.0)]) / "events.jsonl"
    good = path.read_text()
    path.write_text(good + "half a row\n" + good)
    assert refusal(study_dir).startswith(f"{path}:2: must be a row of JSON: Expecting value")
    path.write_text(good + "3\n")
    rule = "must be a row with its kind as 'row'"
    assert refusal(study_dir) == f"{path}:2: {rule}, got 3"
    path.write_bytes(b'{"row": "\xff"}\n')
    assert refusal(study_dir).startswith(f"{path}:1: must be a row of JSON: 'utf-8' codec")
    path.write_text(good.replace('"energy_j"', '"energy"'))
    assert refusal(study_dir) == f"{path}:1: key 'energy_j' is missing"


def test_another_format_version_is_refused(study_dir: Path, write_run: Make) -> None:
    write_run("a")
    path = write_run("b", facts={"format_version": 99}) / "manifest.json"
    assert refusal(study_dir) == f"{path}: format_version must be 1, got 99"


def test_runs_of_different_tasks_give_a_warning(study_dir: Path, write_run: Make) -> None:
    for arm in ("a", "b"):
        write_run(arm, digest=arm * 8, facts={"task_digest": arm})
    told = "accuracies are not comparable: the runs are of different tasks"
    assert told in load_study(study_dir).warnings


def test_runs_reported_on_different_splits_give_a_warning(study_dir: Path, write_run: Make) -> None:
    for split in ("test", "validation"):
        write_run(split, digest=split, scenario={"evaluation": {"report_on": split}})
    told = "accuracies are not comparable: reported on test, validation"
    assert told in load_study(study_dir).warnings


def test_runs_that_stop_at_different_targets_give_a_warning(
    study_dir: Path, write_run: Make
) -> None:
    evaluation = {"report_on": "test"}
    for arm, target in (("a", 0.7), ("b", None)):
        stop = {"target_accuracy": target}
        write_run(arm, digest=arm * 8, scenario={"evaluation": evaluation, "stop": stop})
    told = "runs stop at different target accuracies (0.7, none): the best is not comparable"
    assert told in load_study(study_dir).warnings


def test_comparable_runs_give_no_warning(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    scenario = {"evaluation": {"report_on": "test"}, "stop": {"target_accuracy": 0.7}}
    for arm in ("a", "b"):
        write_run(
            arm,
            digest=arm * 8,
            scenario=scenario,
            facts={"task_digest": "t"},
            evaluations=[make_evaluation(1.0, 0.5)],
        )
    assert load_study(study_dir).warnings == ()


def end_row(t_s: float, reason: str) -> EndRow:
    values: dict[str, Any] = {field.name: 0 for field in fields(EndRow)}
    return EndRow(**values | {"t_s": t_s, "reason": reason, "config": Full(), "state": ""})


def test_a_run_that_waits_for_clients_lasts_until_its_end(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    write_run("a", events=[make_round(30.0), end_row(80.0, "stop.sim_s")])
    write_run("b", events=[make_round(30.0)])
    assert [run.end_s for run in load_study(study_dir).runs] == [80.0, 30.0]


def test_a_run_that_stops_at_a_single_evaluation_gives_a_warning(
    study_dir: Path, write_run: Make
) -> None:
    scenario = {"evaluation": {"report_on": "test"}, "stop": {"target_accuracy": 0.7}}
    write_run("a", scenario=scenario, events=[end_row(9.0, "stop.target_accuracy")])
    write_run("b", scenario=scenario, events=[end_row(9.0, "stop.rounds")])
    (told,) = [text for text in load_study(study_dir).warnings if "single evaluation" in text]
    assert "(stop.target_accuracy: a at 0.7)" in told


def test_arms_that_end_at_different_times_give_a_warning(
    study_dir: Path, write_run: Make, make_evaluation: Make
) -> None:
    write_run("brief", evaluations=[make_evaluation(40.0, 0.5)])
    write_run("long", evaluations=[make_evaluation(41.0, 0.5)])
    assert not any("end at different times" in text for text in load_study(study_dir).warnings)
    write_run("longest", evaluations=[make_evaluation(410.0, 0.5)])
    told = "arms end at different times (brief at 40 s, longest at 410 s): a target that an arm"
    assert any(text.startswith(told) for text in load_study(study_dir).warnings)


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("runs", "a", "runs must be a list of text"),
        ("runs", [3], "runs must be a list of text"),
        ("arms", {}, "arms must be a list of text"),
        ("axes", {"lr": "training.lr"}, "axes must be a mapping of names to lists of text"),
        ("coordinates", {"a": 3}, "coordinates must be a mapping of names to mappings"),
        ("hindsight", [], "hindsight must be a mapping of names to lists of text"),
        ("source", None, "source must be text"),
        ("published", {}, "published must be a list of mappings"),
    ],
)
def test_a_damaged_key_of_the_index_is_named(
    study_dir: Path, write_run: Make, key: str, value: Any, rule: str
) -> None:
    write_run("a")
    path = study_dir / "study.json"
    path.write_text(json.dumps({"name": "s", "runs": [], "arms": []} | {key: value}))
    assert refusal(study_dir) == f"{path}: is not the index of a study: {rule}, got {value!r}"


def test_runs_that_have_not_begun_are_named(study_dir: Path, write_run: Make) -> None:
    there = write_run("a", seed=1).relative_to(study_dir)
    runs = [str(there), str(there.parent / "seed-0012"), "b-0/seed-0001", "b-0/seed-0012"]
    arm_of = {"b-0": "b, long", there.parent.name: "a"}
    index = {"name": "s", "runs": runs, "arms": ["b, long", "a"], "arm_of": arm_of}
    (study_dir / "study.json").write_text(json.dumps(index))
    study = load_study(study_dir)
    assert study.missing == {"a": [12], "b, long": [1, 12]}
    assert "runs have not begun: a (seed 12), b, long (seeds 1, 12)" in study.warnings
    assert "not begun: a (seed 12), b, long (seeds 1, 12)" in caption(study)
    (alone,) = chosen_arms(study, ["a"]).warnings[-1:]
    assert alone == "runs have not begun: a (seed 12)"
    index |= {"runs": [str(there), "b-0/seed-x"]}
    (study_dir / "study.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"runs must be ARM/seed-NNNN, got 'b-0/seed-x'"):
        load_study(study_dir)
