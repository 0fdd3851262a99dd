"""What led to nothing, by hand: 130,000 bytes down in 0.13 s, 0.9 s of training, 0.26 s up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.runs.run import run_scenario

# The clients go offline at 1.1 s, after 0.07 s of their uploads: 35,000 of 130,000 bytes.
WINDOWS = {"kind": "windows", "windows_s": [[0, 1.1], [3, 10]], "period_s": 10}


@pytest.mark.parametrize(
    ("rule", "outcome", "lost_s", "lost_bytes"),
    [
        ("pause", "done", 0.0, 0),
        ("restart", "done", 0.07, 35_000),
        ("drop", "lost", 0.13 + 0.9 + 0.07, 130_000 + 35_000),
    ],
)
def test_a_client_loses_what_it_repeats_or_what_is_not_used(
    tmp_path: Path, make: Any, rows: Any, rule: str, outcome: str, lost_s: float, lost_bytes: int
) -> None:
    changes = {"fleet.availability": WINDOWS | {"when_offline": rule}, "log": "clients"}
    log = rows(run_scenario(make(**changes, **{"stop.rounds": 1}), out=tmp_path).run_dir)
    clients = [row for row in log if row["row"] == "client"][:3]
    assert [row["outcome"] for row in clients] == [outcome] * 3
    assert [row["lost_s"] for row in clients] == pytest.approx([lost_s] * 3)
    assert [row["lost_bytes"] for row in clients] == [lost_bytes] * 3
    assert [row["lost_j"] > 0 for row in clients] == [lost_s > 0] * 3
    first = next(row for row in log if row["row"] == "round")
    assert first["lost_s"] == pytest.approx(3 * lost_s)
    assert first["lost_bytes"] == 3 * lost_bytes
    assert first["ages"] == []  # nobody missed an aggregation
