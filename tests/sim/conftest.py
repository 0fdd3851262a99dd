"""The smallest scenario: a learning curve and constant links, for results computed by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.scenario.file import parse_scenario, set_path
from sim.scenario.scenario import Scenario

Make = Callable[..., Scenario]
Rows = Callable[[Path], list[dict[str, Any]]]


def smallest() -> dict[str, Any]:
    """Three clients with a TX2, 1 MB/s down and 0.5 up, ten batches a round, adapters (1, 8)."""
    return {
        "name": "smallest",
        "model": {"source": "shape:bert-base"},
        "task": {"kind": "synthetic", "batches_per_client": 10},
        "partition": {"kind": "iid", "clients": 3},
        "learner": {"kind": "curve"},
        "fleet": {
            "devices": {"jetson-tx2": 1},
            "network": {"kind": "constant", "down_mbytes_per_s": 1, "up_mbytes_per_s": 0.5},
        },
        "cost": {"kind": "table", "payload": "published", "scale": "none"},
        "cache": {"price_misses": False},
        "rounds": {"participants": 3},
        "configurator": {"kind": "fixed", "config": {"kind": "adapter", "depth": 1, "width": 8}},
        "evaluation": {"every_rounds": 1},
        "stop": {"rounds": 2},
    }


@pytest.fixture
def make() -> Make:
    """The smallest scenario with changes by key path: make(**{"stop.rounds": 3})."""

    def build(**changes: Any) -> Scenario:
        mapping = smallest()
        for path, value in changes.items():
            set_path(mapping, path, value)
        return parse_scenario(mapping, "test")

    return build


@pytest.fixture
def rows() -> Rows:
    """The rows of a run directory's events.jsonl."""

    def read(run_dir: Path) -> list[dict[str, Any]]:
        text = (run_dir / "events.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    return read


@pytest.fixture
def real(make: Any, tiny_model: Path, tiny_task: Path) -> Any:
    """real(**changes): the smallest scenario with training in place of the learning curve."""

    def build(**changes: Any) -> Scenario:
        scenario = {
            "model": {"source": str(tiny_model)},
            "task": {"kind": "text", "source": str(tiny_task), "max_tokens": 8, "validation": 30},
            "partition": {"kind": "dirichlet", "clients": 10, "alpha": 1.0},
            "learner": {"kind": "torch"},
            "training": {"max_batches": 4, "lr": 5e-3, "head_lr": 2e-2},
            "cost": {"kind": "table", "payload": "exact", "scale": "flops"},
            "stop.rounds": 8,
        }
        built: Scenario = make(**scenario | changes)
        return built

    return build
