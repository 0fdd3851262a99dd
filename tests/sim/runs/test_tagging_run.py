"""A run of a tagging task: its score is the entity F1, also for the target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.runs.run import run_scenario
from tests.tiny import WORDS

TARGET = 0.7


@pytest.fixture
def sentences(tmp_path: Path) -> Path:
    """CoNLL files in which every third word of the vocabulary is an entity."""
    generator = np.random.default_rng(3)
    for name, n in (("train", 120), ("valid", 40), ("test", 40)):
        lines = []
        for _ in range(n):
            words = generator.integers(0, len(WORDS), generator.integers(2, 7))
            lines += [f"{WORDS[w]} {'B-LOC' if w % 3 == 0 else 'O'}" for w in words] + [""]
        (tmp_path / f"{name}.conll").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_tagging_run_stops_when_its_entity_f1_reaches_the_target(
    make: Any, tiny_model: Path, sentences: Path, tmp_path: Path
) -> None:
    scenario = make(
        model={"source": str(tiny_model)},
        task={"kind": "tagging", "source": str(sentences), "max_tokens": 8, "validation": 40},
        partition={"kind": "dirichlet", "clients": 5, "alpha": 1.0, "min_samples": 4},
        learner={"kind": "torch"},
        training={"max_batches": 8, "lr": 1e-2, "head_lr": 2e-2},
        cost={"kind": "table", "payload": "exact", "scale": "flops"},
        stop={"rounds": 60, "target_accuracy": TARGET},
    )
    run = run_scenario(scenario, out=tmp_path / "runs", cache_dir=tmp_path / "cache")
    assert run.rounds < 60
    manifest = json.loads((run.run_dir / "manifest.json").read_text())
    assert manifest["metric"] == "entity F1"
    assert manifest["labels"] == ["B-LOC", "O"]
    assert json.loads((run.run_dir / "partition.json").read_text())["classes"] == ["none", "LOC"]
    rows = [json.loads(t) for t in (run.run_dir / "evaluations.jsonl").read_text().splitlines()]
    assert (
        rows[0]["accuracy"] < TARGET < rows[-1]["accuracy"] + 0.15
    )  # reached on validation, scored on test
    n_right = bin(int(rows[-1]["correct"], 16)).count("1")
    assert n_right / rows[-1]["n_examples"] != rows[-1]["accuracy"]
