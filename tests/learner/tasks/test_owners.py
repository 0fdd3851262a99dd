"""The owners of examples: stripped, one spelling for each, and never empty."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from learner.tasks import Task
from sim.scenario.partition import Natural
from tests.learner.tasks.test_data_as_people_have_them import load, refusal

COLUMNS = {"client": "user"}


def write_owners(directory: Path, train: Sequence[Any], test: Sequence[Any] = ("eve",)) -> None:
    for split, owners in (("train", train), ("test", test)):
        lines = [
            json.dumps({"text": f"{split} {i}", "label": "ab"[i % 2], "user": owner})
            for i, owner in enumerate(owners)
        ]
        (directory / f"{split}.jsonl").write_text("\n".join(lines) + "\n")


def owners_of(task: Task) -> set[str]:
    return {*task.train.clients, *task.validation.clients, *task.test.clients}


def test_owners_are_stripped(tmp_path: Path) -> None:
    write_owners(tmp_path, [" ann", "ann", "ann\u00a0", "bob"] * 5)
    assert owners_of(load(tmp_path, columns=COLUMNS)) == {"ann", "bob", "eve"}


def test_equal_numbers_are_one_owner(tmp_path: Path) -> None:
    write_owners(tmp_path, [1, 2] * 10, ["1.0", 3.0])
    task = load(tmp_path, columns=COLUMNS)
    assert owners_of(task) == {"1", "2", "3"}
    assert task.warnings == ("clients of the same value are one client: 1 = 1.0",)


def test_codes_and_truth_values_are_owners_as_written(tmp_path: Path) -> None:
    write_owners(tmp_path, ["1.1", "1.10", "007", "7", "true", "1"] * 4)
    task = load(tmp_path, columns=COLUMNS)
    assert owners_of(task) == {"1.1", "1.10", "007", "7", "true", "1", "eve"}
    assert task.warnings == ("clients of equal numbers are different clients: 1.1, 1.10",)


@pytest.mark.parametrize("owner", ["", "  "])
@pytest.mark.parametrize(("split", "line"), [("train", 1), ("train", 12), ("test", 3)])
def test_an_empty_owner_is_refused(split: str, line: int, owner: str, tmp_path: Path) -> None:
    splits = {"train": ["ann"] * 12, "test": ["eve"] * 4}
    splits[split][line - 1] = owner
    write_owners(tmp_path, **splits)
    assert refusal(tmp_path, columns=COLUMNS) == (
        f"{tmp_path / split}.jsonl:{line}: user must not be empty; an example without an owner "
        "cannot be used: leave it out"
    )


def test_an_empty_owner_of_a_sentence_is_refused(tmp_path: Path) -> None:
    for split in ("train", "test"):
        text = f"Ann\tx\tB-PER\nsat\tx\tO\n\n{split}\t\tO\nran\t\tO\n"
        (tmp_path / f"{split}.conll").write_text(text)
    said = refusal(tmp_path, "tagging", columns={"client": 1})
    assert "train.conll:4: 1 must not be empty" in said


def test_a_task_has_clients_if_their_column_is_named(tmp_path: Path) -> None:
    write_owners(tmp_path, ["ann", "bob"] * 10)
    named, plain = load(tmp_path, columns=COLUMNS), load(tmp_path)
    natural = Natural(kind="natural", clients=2)
    assert len(natural.part(named.train.labels, named.train.clients, 0)) == 2
    assert plain.train.clients == ()
    with pytest.raises(ValueError, match=r"natural needs task\.client"):
        natural.part(plain.train.labels, plain.train.clients, 0)
