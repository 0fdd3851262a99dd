"""Some hundred inputs of each kind; `python -m tests.fuzz` makes half a million."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from .kind import Kind
from .kinds import all_kinds
from .tally import Tally, attempt, table
from .tree import changed, values_by_key

SEED = 20261126


@pytest.mark.slow
def test_every_input_is_read_or_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind in all_kinds(tmp_path):
        tally = Tally(kind.name)
        n_inputs = 10 if "report" in kind.name else 300
        for number in range(n_inputs):
            attempt(kind, SEED, number, tally)
        assert tally.defects == []
        assert tally.counts["refused"] > n_inputs // 10
        assert tally.counts["accepted"] > n_inputs // 100


def test_the_shares_of_all_kinds_are_the_whole(tmp_path: Path) -> None:
    assert sum(kind.share for kind in all_kinds(tmp_path)) == pytest.approx(1.0)


def test_a_defect_is_counted_and_told_with_its_number() -> None:
    def broken(rng: np.random.Generator) -> str:
        raise KeyError("gone")

    def talkative(rng: np.random.Generator) -> str:
        raise ValueError("one line\nand another")

    def fine(rng: np.random.Generator) -> str:
        return "started" if rng.random() < 0.5 else ""

    counts = {}
    for name, own in {"broken": broken, "talkative": talkative, "fine": fine}.items():
        tally = Tally(name)
        for number in range(20):
            attempt(Kind(name=name, share=1.0, attempt=own), 0, number, tally)
        counts[name] = tally.counts
        assert len(tally.defects) == (0 if name == "fine" else 20)
    assert counts["broken"] == Counter(wrong=20)
    assert counts["talkative"] == Counter(refused=20, wrong=20)
    assert counts["fine"]["accepted"] + counts["fine"]["started"] == 20
    row = table([Tally("fine", counts["fine"])]).splitlines()[2]
    assert row.startswith(f"| fine | 20 | 20 | {counts['fine']['started']} | 0 | 0 |")


def test_changes_leave_the_original_alone() -> None:
    tree = {"a": [1, {"b": 2.5}], "c": "text"}
    rng, known = np.random.default_rng(0), values_by_key([tree])
    found = [changed(tree, rng, known) for _ in range(50)]
    assert tree == {"a": [1, {"b": 2.5}], "c": "text"}
    assert sum(one != tree for one in found) > 40
