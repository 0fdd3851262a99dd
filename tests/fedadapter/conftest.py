"""A time-only scenario of ten clients, and a run of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fedadapter as fa

SMALL: dict[str, Any] = {
    "name": "small",
    "model": {"source": "shape:bert-base"},
    "task": {"kind": "synthetic", "batches_per_client": 4},
    "partition": {"kind": "iid", "clients": 10},
    "learner": {"kind": "curve", "scale_samples": 200},
    "fleet": {
        "devices": {"jetson-tx2": 0.5, "raspberry-pi-4b": 0.5},
        "network": {"kind": "constant", "down_mbytes_per_s": 1, "up_mbytes_per_s": 1},
    },
    "cost": {"kind": "table", "payload": "exact", "scale": "none"},
    "rounds": {"participants": 4},
    "configurator": {"kind": "fixed", "config": {"kind": "adapter", "depth": 2, "width": 32}},
    "evaluation": {"every_rounds": 1},
    "stop": {"rounds": 8},
}


@pytest.fixture
def run(tmp_path: Path) -> fa.Run:
    return fa.run(SMALL, out=tmp_path)
