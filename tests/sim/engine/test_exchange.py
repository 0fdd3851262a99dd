"""What is moved and stored beside the adapters themselves, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.runs.run import run_scenario


def of_kind(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["row"] == kind]


def test_fewer_bits_make_fewer_bytes(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"exchange": {"down_bits": 8, "up_bits": 4}, "stop.rounds": 1}
    (row, _) = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert (row["down_bytes"], row["up_bytes"]) == (3 * 32_500, 3 * 16_250)
    assert row["t_s"] == pytest.approx(0.0325 + 0.9 + 0.0325)


def test_the_base_model_is_delivered_once(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"exchange.deliver_model": True, "stop.rounds": 2}
    first, second, _ = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert first["down_bytes"] - second["down_bytes"] == 3 * 438_000_000
    assert first["up_bytes"] == second["up_bytes"]


def test_a_fill_waits_for_the_write_and_its_storage_is_recorded(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    stored = 40 * 256 * 768 * 4
    changes = {"cache": {"write_mbytes_per_s": stored / 1e6 / 2}, "log": "clients"}
    told = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    first, second = of_kind(told, "round")
    assert first["compute_s"] == pytest.approx(3 * (10 * 0.57 + 2.0))
    assert second["compute_s"] == pytest.approx(3 * 0.9)
    assert [row["cache_bytes"] for row in of_kind(told, "client")] == [stored] * 6


def test_a_cache_that_does_not_fit_is_not_kept(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {"cache": {"limit_mbytes": 31.4}, "log": "clients"}  # it would take 31.5
    told = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert {row["cache"] for row in of_kind(told, "client")} == {"none"}
    assert {row["cache_bytes"] for row in of_kind(told, "client")} == {0}
