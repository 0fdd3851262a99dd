"""The smallest worlds: curve learners, constant links, numbers to check by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sim.scenario import Scenario
from sim.scenario_file import parse_scenario, set_path

Make = Callable[..., Scenario]
Rows = Callable[[Path], list[dict[str, Any]]]


def smallest() -> dict[str, Any]:
    """Three clients on a TX2 each at 1 MB/s, ten batches a round, adapters (1, 8)."""
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
    """A scenario from the smallest one and dotted changes: make(**{"stop.rounds": 3})."""

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
