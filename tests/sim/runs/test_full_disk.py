"""A disk that is full during a run: an error of one line, an undamaged store, a run to resume."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from learner.store.inventory import discard_damaged, stock
from sim.scenario.file import as_yaml

ROOT = Path(__file__).parents[3]

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
from commands import app
app.main()
"""


@pytest.mark.parametrize("largest_bytes", [30_000, 400], ids=["activations", "rows"])
def test_a_full_disk_is_an_error_of_one_line_and_damages_nothing(
    make: Any, tiny_model: Path, tiny_task: Path, tmp_path: Path, largest_bytes: int
) -> None:
    pytest.importorskip("resource")
    scenario = make(
        model={"source": str(tiny_model)},
        task={"kind": "text", "source": str(tiny_task), "max_tokens": 8, "validation": 30},
        partition={"kind": "iid", "clients": 3},
        learner={"kind": "torch"},
        training={"max_batches": 2},
        cost={"kind": "table", "payload": "exact", "scale": "flops"},
    )
    path = tmp_path / "scenario.yaml"
    path.write_text(as_yaml(scenario))
    arguments = ["run", str(path), "--out", str(tmp_path / "runs"), "--json"]

    def run(largest: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", LIMITED, str(largest), *arguments],
            cwd=ROOT,
            env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )

    full = run(largest_bytes)
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1].endswith("File too large")
    assert "Traceback" not in full.stderr
    cache = tmp_path / "cache/fedadapter"
    assert list(discard_damaged(cache)) == []
    assert not list(cache.rglob("*.tmp"))
    again = run(2**30)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["rounds"] == 2
    assert {one.kind for one in stock(cache) if one.files} >= {"states", "activations"}
