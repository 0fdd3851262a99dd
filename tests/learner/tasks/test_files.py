"""All file formats give the same rows; errors name file and line."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from learner.tasks.files import read_file
from learner.tasks.rows import Columns, Row
from learner.tasks.task import TaskKind

COLUMNS = Columns(text="body", label="topic", client="who")
REVIEWS = [
    {"body": "so good", "topic": "up", "who": "ann"},
    {"body": 'so "bad",\n really', "topic": "down", "who": "bob"},
]
REVIEW_ROWS = [Row(r["body"], (r["topic"],), r["who"]) for r in REVIEWS]
CSV = 'who,body,topic\nann,so good,up\nbob,"so ""bad"",\n really",down\n'

SENTENCE = {"text": ["EU", "rejects", "it"], "label": ["B-ORG", "O", "O"]}
SENTENCE_ROWS = [Row("EU rejects it", ("B-ORG", "O", "O"))]


def test_texts_are_the_same_from_every_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    (tmp_path / "a.csv.bz2").write_bytes(bz2.compress(CSV.encode()))
    (tmp_path / "a.tsv").write_text(CSV.replace('",', '"!').replace(",", "\t").replace("!", "\t"))
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in REVIEWS))
    pl.DataFrame(REVIEWS).write_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.csv.bz2", "a.jsonl", "a.parquet"):
        assert read_file(tmp_path / name, "text", COLUMNS) == REVIEW_ROWS, name
    assert read_file(tmp_path / "a.tsv", "text", COLUMNS)[0] == REVIEW_ROWS[0]


def test_tagged_sentences_are_the_same_from_every_format(tmp_path: Path) -> None:
    conll = "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\nrejects VBZ I-VP O\nit PRP O O\n"
    (tmp_path / "a.conll").write_text(conll)
    (tmp_path / "a.tsv").write_text("text\tlabel\nEU rejects it\tB-ORG O O\n")
    (tmp_path / "a.jsonl").write_text(json.dumps(SENTENCE) + "\n")
    pl.DataFrame([SENTENCE]).write_parquet(tmp_path / "a.parquet")
    for name in ("a.conll", "a.tsv", "a.jsonl", "a.parquet"):
        assert read_file(tmp_path / name, "tagging", Columns()) == SENTENCE_ROWS, name


@pytest.mark.parametrize(
    ("name", "content", "kind", "expected"),
    [
        ("a.csv", "text,name\nx,y\n", "text", ":2: must have the column label, has text, name"),
        ("a.jsonl", "{}\n", "text", ":1: must have the column text, has "),
        ("a.jsonl", "\n", "text", ":1: must be a JSON object, Expecting value"),
        ("a.jsonl", "[1]\n", "text", ":1: must be a JSON object, got [1]"),
        ("a.parquet", "no", "text", ": must be a Parquet file, "),
        (
            "a.conll",
            "a O\nb\n",
            "tagging",
            ":1: must have one tag per word, has 2 words and 1 tags",
        ),
        ("a.conll", "\na O\n\nb X\n", "tagging", ":4: a tag must be O, or B-, I-, E- or S- and a"),
        ("a.conll", "a O\n", "text", ":1: text must be text for task.kind text, got ['a']"),
        ("a.xls", "", "text", ": is a spreadsheet; save it as CSV (UTF-8)"),
        ("a.doc", "", "text", ": must end in one of .tsv, .csv, .jsonl, .parquet, .conll, .txt"),
        (
            "a.jsonl",
            '{"text": ["a b"], "label": ["O"]}',
            "tagging",
            ":1: a word must not be empty or contain white space, got 'a b'",
        ),
    ],
)
def test_a_bad_record_is_named(
    name: str, content: str, kind: TaskKind, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
        read_file(path, kind, Columns())
    assert str(caught.value).startswith(f"{path}{expected}")
    assert "\n" not in str(caught.value)


def test_a_damaged_parquet_file_is_one_line_and_nothing_on_standard_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Some flipped bytes make polars panic, which prints by itself."""
    path = tmp_path / "a.parquet"
    pl.DataFrame(REVIEWS).write_parquet(path)
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    messages = []
    for _ in range(300):
        content = bytearray(whole)
        content[int(rng.integers(len(whole)))] ^= int(rng.integers(1, 256))
        path.write_bytes(content)
        try:
            read_file(path, "text", COLUMNS)
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 50
    assert [message for message in messages if len(message.splitlines()) != 1] == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.bz2"])
def test_a_packed_file_that_expands_too_far_is_refused(name: str, tmp_path: Path) -> None:
    """70 MB in less than 700 kB: beyond 64 MiB, 100 times the file is the limit."""
    pack = bz2.compress if name.endswith("bz2") else gzip.compress
    path = tmp_path / name
    path.write_bytes(pack(b"text,label\n" + b"x" * 70_000_000 + b",a\n", 1))
    with pytest.raises(ValueError, match=r"must have at most 67,108,864 bytes when unpacked"):
        read_file(path, "text", Columns())


def test_a_parquet_file_that_expands_too_far_is_refused(tmp_path: Path) -> None:
    """Equal texts take no space in Parquet: 70 MB of texts in a few kB."""
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": ["x" * 10_000] * 7_000, "label": ["a"] * 7_000}).write_parquet(path)
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match=r"must have at most 67,108,864 bytes when unpacked"):
        read_file(path, "text", Columns())


def test_a_parquet_file_has_a_limit_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": pl.repeat(1, 50_000_001, dtype=pl.Int8, eager=True)}).write_parquet(path)
    with pytest.raises(ValueError, match=r"must have at most 50,000,000 rows, has 50,000,001"):
        read_file(path, "text", Columns())


def test_a_packed_file_that_is_cut_is_refused(tmp_path: Path) -> None:
    for name, pack in (("a.csv.gz", gzip.compress), ("a.csv.bz2", bz2.compress)):
        (tmp_path / name).write_bytes(pack(CSV.encode() * 100)[:-20])
        with pytest.raises(ValueError, match=r"cannot be read, "):
            read_file(tmp_path / name, "text", COLUMNS)
