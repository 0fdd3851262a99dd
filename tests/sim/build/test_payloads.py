"""What a time-only scenario sends, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.runs.run import run_scenario


@pytest.mark.parametrize(("changes", "n_labels"), [({}, 20), ({"task.labels": 47}, 47)])
def test_a_time_only_payload_includes_the_head(
    tmp_path: Path, make: Any, rows: Any, changes: dict[str, Any], n_labels: int
) -> None:
    changes |= {"cost.payload": "exact", "stop.rounds": 1}
    (row, _) = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    adapter = 2 * 768 * 8 + 8 + 768  # the scenario's configuration is (1, 8)
    assert row["up_bytes"] == row["down_bytes"] == 3 * 4 * (adapter + n_labels * 769)
