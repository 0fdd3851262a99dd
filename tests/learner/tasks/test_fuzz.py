"""Odd data sets in every format: each is a task, or is refused by one clear line.

The inputs keep the structure of their format: tables with odd cells, rows, delimiters and headers,
JSON records with odd values, Parquet columns of odd types, CoNLL lines with odd columns; some are
cut, packed or changed in a byte. A failing assertion prints the seed and the number of the input.
"""

from __future__ import annotations

import bz2
import gc
import gzip
import json
import resource
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import polars as pl
import pytest
import seqeval.metrics  # noqa: F401  # loads scikit-learn, which takes longer than an input may

from learner.assets.carriers import AssetError
from learner.tasks import load_task
from learner.tasks.load import TaskSource
from learner.tasks.rows import Layout

N_FAST, N_SLOW, N_HUB = 2_000, 50_000, 300
LONGEST_S, MEMORY_KBYTES = 2.0, 500_000

TEXTS = (
    *("the cat sat", "a dog ran", "it rained all day", "nobody came", "two birds", "the end"),
    *("", " ", "x", '"', 'he said "no"', '"a', "a,b", "a;b", "a\tb", "a\nb", "#", "½", "\u00a0"),
    *("\ufeffa", "\ud800", "\x00", "a" * 200_000, "-DOCSTART-", "null", "\u2028a", "e\u0301"),
)
LABELS = (
    *("cat", "dog", "bird", " cat", "cat ", "Cat", "0", "1", "1.0", "01", "true", "True", "false"),
    *("-1", "-0", "-1.0", "", " ", "nan", "NaN", "null", "None", "<NA>", "1e400", "inf", "9" * 400),
    *("O", "B-LOC", "I-LOC", "E-LOC", "S-X", "L-X", "U-X", "B-", "-", "_", "I_LOC", "B-LOC|I-X"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 0.5, float("nan"), float("inf"), 10**30, "", "x", "\ud800"),
    *([], {}, [[]], [None], ["a", "b"], ["B-LOC", "O"], {"x": 1}, "a b", "O O", [1, 2], [True]),
)
COLUMNS: tuple[Any, ...] = ("text", "label", "client", "words", 0, 1, 2, -1, 7, "", "0", "½")
DELIMITERS = (None, None, None, ",", ";", "\t", "|", " ", "½")

Options = dict[str, Any]
Made = tuple[str, dict[str, bytes], Options]
"""The ending of the files, their content by stem, and options of the task."""


def pick(rng: np.random.Generator, items: Any) -> Any:
    return items[int(rng.integers(len(items)))]


def usual(rng: np.random.Generator, items: Any, n_usual: int) -> Any:
    """Mostly one of the first items."""
    return pick(rng, items[:n_usual] if rng.random() < 0.995 else items)


def options(rng: np.random.Generator) -> Options:
    found: Options = {}
    if rng.random() < 0.1:
        names = ("text", "label", "client")[: int(rng.integers(1, 4))]
        found["columns"] = {name: pick(rng, COLUMNS) for name in names}
    if rng.random() < 0.1:
        found["layout"] = Layout(
            delimiter=pick(rng, DELIMITERS),
            quoting=pick(rng, (None, "standard", "none")),
            header=bool(rng.random() < 0.7),
        )
    for limit in ("train", "test"):
        if rng.random() < 0.1:
            found[limit] = pick(rng, (1, 2, 5, 1000))
    return found


def table(rng: np.random.Generator) -> Made:
    ending = usual(rng, (".csv", ".tsv", ".txt"), 2)
    mark = {".csv": ",", ".tsv": "\t", ".txt": " "}[ending]
    if rng.random() < 0.1:
        mark = pick(rng, DELIMITERS[3:])

    def rows() -> bytes:
        width = usual(rng, (2, 3, 1, 4), 2)
        head = ["text", "label", "client", "extra"][:width]
        if rng.random() < 0.03:
            head[int(rng.integers(width))] = str(pick(rng, COLUMNS))
        lines = [mark.join(head)] if rng.random() < 0.95 else []
        for i in range(usual(rng, (12, 25, 0, 1), 2)):
            cells = [usual(rng, TEXTS, 6), usual(rng, LABELS, 3), str(i % 4), "x"][:width]
            cells[0] += f" {i}" if rng.random() < 0.9 else ""
            if rng.random() < 0.1:
                cells = [f'"{cell}"' for cell in cells]
            if rng.random() < 0.003:
                cells = cells[:-1] or ["a", "b", "c"]
            lines.append(mark.join(cells))
            if rng.random() < 0.005:
                lines.append(pick(rng, ("", " ", mark, "#", '"')))
        end = usual(rng, ("\n", "\r\n", "\r"), 2)
        return encoded(rng, end.join(lines) + end)

    return ending, {stem: rows() for stem in stems(rng)}, options(rng)


def conll(rng: np.random.Generator) -> Made:
    mark = pick(rng, ("\t", " ", "  "))

    width = int(rng.integers(0, 3))

    def rows() -> bytes:
        lines = [pick(rng, ("", "", "# global.columns = text label", "text label", "-DOCSTART- O"))]
        for i in range(usual(rng, (8, 15, 0, 1), 2)):
            for j in range(int(rng.integers(1, 5))):
                word = f"w{i}x{j}" if rng.random() < 0.99 else pick(rng, TEXTS)
                tag = pick(rng, ("O", "B-LOC", "I-LOC") if rng.random() < 0.995 else LABELS)
                cells = [word, *["NN"] * width, tag]
                lines.append(mark.join(cells if rng.random() < 0.998 else cells[:1]))
            lines.append(usual(rng, ("", " ", "#", "# a comment"), 1))
        return encoded(rng, "\n".join(lines) + "\n")

    return ".conll", {stem: rows() for stem in stems(rng)}, {"kind": "tagging"} | options(rng)


def jsonl(rng: np.random.Generator) -> Made:
    kind = pick(rng, ("text", "text", "tagging"))

    def rows() -> bytes:
        lines = []
        for i in range(usual(rng, (12, 25, 0, 1), 2)):
            record: Any = {"text": f"{pick(rng, TEXTS[:6])} {i}", "label": pick(rng, LABELS[:3])}
            if kind == "tagging":
                record = {"text": [f"w{i}", "x"], "label": ["B-LOC", "O"]}
            if rng.random() < 0.005:
                record[pick(rng, ("text", "label", "client"))] = pick(rng, VALUES)
            if rng.random() < 0.002:
                record = pick(rng, VALUES)
            line = json.dumps(record)
            odd = (line[:-1], "", "NaN", "[" * 50_000)
            lines.append(line if rng.random() < 0.998 else pick(rng, odd))
        return encoded(rng, "\n".join(lines) + "\n")

    return ".jsonl", {stem: rows() for stem in stems(rng)}, {"kind": kind} | options(rng)


def parquet(rng: np.random.Generator) -> Made:
    kind = pick(rng, ("text", "text", "tagging"))

    def rows() -> bytes:
        n = usual(rng, (12, 25, 0, 1), 2)
        text: Any = [f"{TEXTS[i % 6]} {i}" for i in range(n)]
        label = _column(rng, n)
        if kind == "tagging" and rng.random() < 0.8:
            text = [[f"w{i}", "x"] for i in range(n)]
            label = pl.Series([["B-LOC", "O"] for _ in range(n)], dtype=pl.List(pl.String))
        content = BytesIO()
        columns = {"text": text if rng.random() < 0.95 else _column(rng, n), "label": label}
        pl.DataFrame(columns).write_parquet(content)
        return damaged(rng, content.getvalue())

    return ".parquet", {stem: rows() for stem in stems(rng)}, {"kind": kind} | options(rng)


def _column(rng: np.random.Generator, n: int) -> pl.Series:
    """A column of a type that files have, with nulls now and then."""
    makers: tuple[tuple[Any, Callable[[int], Any]], ...] = (
        (pl.String, lambda i: LABELS[i % 3]),
        (pl.Int64, lambda i: i % 3),
        (pl.Float64, lambda i: (0.0, 1.0, float("nan"))[i % (2 + (rng.random() < 0.01))]),
        (pl.Boolean, lambda i: i % 2 == 0),
        (pl.Categorical, lambda i: LABELS[i % 3]),
        (pl.Date, lambda i: datetime(2024, 1, 1 + i % 3, tzinfo=UTC).date()),
        (pl.Datetime, lambda i: datetime(2024, 1, 1 + i % 3)),
        (pl.Binary, lambda i: b"\xff"),
        (pl.Decimal(10, 2), lambda i: Decimal(i % 3)),
        (pl.List(pl.String), lambda i: ["O", "B-LOC"][: i % 3]),
        (pl.Struct({"x": pl.Int64}), lambda i: {"x": i}),
        (pl.Null, lambda i: None),
    )
    dtype, value = pick(rng, makers[:5] if rng.random() < 0.8 else makers)
    share = usual(rng, (0.0, 0.1, 1.0), 1)
    return pl.Series([None if rng.random() < share else value(i) for i in range(n)], dtype=dtype)


def stems(rng: np.random.Generator) -> Any:
    """A single file, or a directory's splits."""
    return pick(rng, (("train", "test"), ("all",), ("train", "dev", "test")))


def encoded(rng: np.random.Generator, text: str) -> bytes:
    data = text.encode("utf-8", errors="surrogatepass")
    if rng.random() < 0.05:
        data = pick(rng, (b"\xef\xbb\xbf", b"\xff\xfe", b"\x00")) + data
    return damaged(rng, data)


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """The bytes, now and then cut off or with some of them changed."""
    chance = rng.random()
    if chance < 0.03:
        return data[: int(rng.integers(0, len(data) + 1))]
    if chance < 0.06 and data:
        content = bytearray(data)
        for _ in range(int(rng.integers(1, 4))):
            content[int(rng.integers(len(content)))] = int(rng.integers(256))
        return bytes(content)
    return data


MAKERS = (table, table, conll, jsonl, parquet)


def written(rng: np.random.Generator, folder: Path, made: Made) -> TaskSource:
    ending, files, chosen = made
    packed = ending in (".csv", ".tsv", ".jsonl", ".conll") and rng.random() < 0.03
    for path in folder.iterdir():
        path.unlink()
    for stem, content in files.items():
        data, suffix = content, ending
        if packed:
            suffix, pack = pick(rng, ((".gz", gzip.compress), (".bz2", bz2.compress)))
            data, suffix = damaged(rng, pack(content)), ending + suffix
        (folder / f"{stem}{suffix}").write_bytes(data)
    single = next(folder.iterdir()) if "all" in files else folder
    if single != folder:
        chosen = {"test": 2} | chosen
    return TaskSource(source=str(single), validation=int(rng.integers(0, 5)), **chosen)


def written_for_the_hub(rng: np.random.Generator, folder: Path, made: Made) -> TaskSource:
    """The files as a copy of a hub's repository, which has a file for each split."""
    ending, files, chosen = made
    if "all" in files:
        files = {"train": files["all"], "test": files["all"]}
    source = written(rng, folder, (ending, files, {"test": None} | chosen))
    return replace(source, source=f"hub:{folder}", layout=Layout())


def check(
    seed: int,
    n_inputs: int,
    tmp_path: Path,
    makers: Sequence[Callable[[np.random.Generator], Made]] = MAKERS,
    write: Callable[[np.random.Generator, Path, Made], TaskSource] = written,
) -> None:
    rng = np.random.default_rng(seed)
    folder = tmp_path / "data"
    folder.mkdir()
    n_read = n_refused = 0
    before_kbytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(n_inputs):
        made = pick(rng, makers)(rng)
        source = write(rng, folder, made)
        case = f"seed {seed}, input {number}: {made[0]}, {source}"
        started_s, message = process_time(), ""
        try:
            task = load_task(source, tmp_path / "cache")
            assert all(len(task.split(name)) for name in ("train", "validation", "test")), case
            assert all(text.strip() for text in task.train.texts), case
            assert 0.0 <= task.majority_accuracy("test") <= 1.0, case
            assert len(task.class_ids(task.train)) == len(task.train), case
            n_read += 1
        except (ValueError, AssetError) as error:
            message = str(error)
            n_refused += 1
            assert len(message) > 20, (case, message)
            assert len(message.splitlines()) == 1, (case, message)
            assert len(message) < 1_000, (case, len(message))
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error} for {case}") from error
        assert process_time() - started_s < LONGEST_S, case
    grown_kbytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kbytes
    assert grown_kbytes < MEMORY_KBYTES, seed
    assert min(n_read, n_refused) > n_inputs // 10, (seed, n_read, n_refused)


def test_odd_data_sets_are_tasks_or_one_clear_line(tmp_path: Path) -> None:
    check(16, N_FAST, tmp_path)


@pytest.mark.slow
def test_very_many_odd_data_sets_are_tasks_or_one_clear_line(tmp_path: Path) -> None:
    print(f"seed {2026}, {N_SLOW} inputs")
    check(2026, N_SLOW, tmp_path)


@pytest.mark.slow
def test_odd_copies_of_hub_data_sets_are_tasks_or_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hub")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves files open
        check(2027, N_HUB, tmp_path, (table, jsonl, parquet), written_for_the_hub)
        gc.collect()
