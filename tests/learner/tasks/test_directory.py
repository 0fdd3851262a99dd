"""A directory's files are its splits by their names; others are refused or told."""

from __future__ import annotations

from pathlib import Path

import pytest

from learner.tasks.hub import names_of_splits
from tests.learner.tasks.test_conll_as_people_have_it import SENTENCES, conll
from tests.learner.tasks.test_data_as_people_have_them import (
    ANIMALS,
    Examples,
    load,
    refusal,
    write,
    write_all,
)

OTHERS: Examples = [(f"other {text}", label) for text, label in ANIMALS[:8]]


@pytest.mark.parametrize("name", ["validation", "valid", "val", "dev", "development", "eval"])
def test_the_validation_file_has_one_of_its_usual_names(name: str, tmp_path: Path) -> None:
    write_all(tmp_path)
    write(tmp_path, name, OTHERS, "csv")
    task = load(tmp_path)
    assert set(task.validation.texts) <= {text for text, _ in OTHERS}
    assert len(task.train) == len(ANIMALS)
    assert task.warnings == ()


@pytest.mark.parametrize(
    ("split", "one", "other"),
    [
        ("train", "train.csv", "train.jsonl"),
        ("validation", "valid.csv", "dev.csv"),
        ("test", "test.csv", "test.parquet"),
    ],
)
def test_two_files_for_a_split_are_refused(
    split: str, one: str, other: str, tmp_path: Path
) -> None:
    write_all(tmp_path)
    for name in (one, other):
        stem, suffix = name.split(".")
        write(tmp_path, stem, OTHERS, suffix)
    assert refusal(tmp_path) == (
        f"{tmp_path}: must have one file for the {split} split, has {one} and {other}; move the "
        "others away"
    )


def test_data_files_that_are_not_read_are_told(tmp_path: Path) -> None:
    write_all(tmp_path)
    write(tmp_path, "extra", OTHERS, "jsonl")
    for name in ("README.txt", "LICENSE", "labels.json", "._train.csv", "val.json", "Test.xlsx"):
        (tmp_path / name).write_text("{}")
    told = "data files of the directory were not read: Test.xlsx, extra.jsonl, val.json"
    assert load(tmp_path).warnings == (told,)


def test_a_text_that_is_not_read_is_told_beside_texts_that_are(tmp_path: Path) -> None:
    conll(tmp_path, "\n".join(SENTENCES), suffix="txt")
    (tmp_path / "more.txt").write_text(SENTENCES[0])
    told = "data files of the directory were not read: more.txt"
    assert load(tmp_path, "tagging").warnings == (told,)


def test_splits_of_the_hub_have_the_same_names() -> None:
    found = names_of_splits(["test", "extra", "val", "train"], "hub:x")
    assert list(found.items()) == [("train", "train"), ("validation", "val"), ("test", "test")]
    with pytest.raises(ValueError, match=r"hub:x: must have one validation split, has valid and d"):
        names_of_splits(["train", "dev", "valid"], "hub:x")
