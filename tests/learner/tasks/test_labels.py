"""Missing labels, labels that training does not have, and numbers that are codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from learner.tasks import Task, TaskSource, load_task
from tests.learner.tasks.test_data_as_people_have_them import (
    ANIMALS,
    NUMBERS,
    Examples,
    held,
    load,
    refusal,
    write_all,
)

MISSING = ("NA", "N/A", "n/a", "#N/A", "#NA", "NaN", "nan", "null", "NULL", "<NA>")


def load_with_na(source: Path) -> Task:
    wanted = TaskSource(source=str(source), label_na="keep", validation=4)
    return load_task(wanted, source / "cache")


@pytest.mark.parametrize("missing", MISSING)
@pytest.mark.parametrize("split", ["train", "test"])
def test_what_programs_write_for_a_missing_label_is_refused(
    split: str, missing: str, tmp_path: Path
) -> None:
    splits = {"train": ANIMALS, "test": held(ANIMALS)}
    splits[split] = [*splits[split], ("unlabelled", missing), ("a cat", missing)]
    write_all(tmp_path, train=splits["train"], test=splits["test"])
    assert refusal(tmp_path) == (
        f"{tmp_path / split}.csv:22: the label must not be {missing}, which means a missing label; "
        "leave such examples out, or set task.label_na: keep if it is a class"
    )
    assert missing in load_with_na(tmp_path).labels


@pytest.mark.parametrize("kind", [int, float, bool])
def test_none_among_numbers_is_a_missing_label(kind: type, tmp_path: Path) -> None:
    numbers = [(text, kind(label)) for text, label in NUMBERS]
    write_all(tmp_path, train=[("unlabelled", "None"), *numbers], test=held(numbers))
    assert "train.csv:2: the label must not be None, which means a missing" in refusal(tmp_path)
    assert "None" in load_with_na(tmp_path).labels


def test_none_among_words_is_a_class(tmp_path: Path) -> None:
    pains = [(f"pain {i}", ("None", "mild", "3")[i % 3]) for i in range(12)]
    write_all(tmp_path, train=pains, test=held(pains))
    assert load(tmp_path).labels == ("3", "None", "mild")


def test_a_number_that_is_none_is_no_class(tmp_path: Path) -> None:
    write_all(tmp_path, "jsonl", train=[*NUMBERS, ("infinite", float("inf"))], test=held(NUMBERS))
    assert "train.jsonl:21: label must be a label, got inf" in refusal(tmp_path)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_split_without_a_label_of_training_is_refused(split: str, tmp_path: Path) -> None:
    splits: dict[str, Examples] = {split: held(NUMBERS)}
    write_all(tmp_path, "csv", **splits)
    assert refusal(tmp_path) == (
        f"{tmp_path / split}.csv:2: no label of the {split} split occurs in training: 0, 1; "
        "training has cat, dog: use the same names in both"
    )


def test_numbers_with_zeros_in_front_are_other_labels(tmp_path: Path) -> None:
    write_all(tmp_path, train=[(text, f"0{n}") for text, n in NUMBERS], test=held(NUMBERS))
    assert "occurs in training: 0, 1; training has 00, 01" in refusal(tmp_path)


def test_numbers_of_which_a_split_has_two_spellings_are_codes(tmp_path: Path) -> None:
    sections = [(f"text {i}", ("1.1", "1.10", "2.0")[i % 3]) for i in range(18)]
    write_all(tmp_path, train=sections, test=held(sections[:2]))
    task = load(tmp_path)
    assert task.labels == ("1.1", "1.10", "2.0")
    told = "labels of equal numbers are different labels: 1.1, 1.10"
    assert task.warnings == (told,)


def test_whole_numbers_with_and_without_decimals_are_one_label(tmp_path: Path) -> None:
    mixed = [(text, float(n) if i % 3 else n) for i, (text, n) in enumerate(NUMBERS)]
    write_all(tmp_path, train=mixed, test=[(text, f"{n}.00") for text, n in held(NUMBERS)])
    task = load(tmp_path)
    assert task.labels == ("0", "1")
    same = "0 = 0.0 = 0.00, 1 = 1.0 = 1.00"
    assert task.warnings == (f"labels of the same value are one label: {same}",)


def test_a_missing_value_of_json_is_none_with_na_kept(tmp_path: Path) -> None:
    write_all(tmp_path, "jsonl", train=[*ANIMALS, ("unlabelled", None)])
    assert json.loads((tmp_path / "train.jsonl").read_text().splitlines()[-1])["label"] is None
    with pytest.raises(ValueError, match=r"train.jsonl:21: label must not be null"):
        load_with_na(tmp_path)
