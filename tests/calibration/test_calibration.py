"""Fits of rounds whose speeds are known, and tables that are refused."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from calibration.fit import fit
from calibration.table import read_rounds

HEADER = "client,bytes,batches,down_s,compute_s,up_s\n"


def _rounds(path: Path, latency_s: float = 0.0) -> Path:
    """Client a: 0.1 s a batch, 1 MB/s down, 0.5 MB/s up; b: twice as slow. 8 rounds each."""
    lines = []
    for client, factor in (("a", 1.0), ("b", 2.0)):
        for i in range(8):
            n_bytes = 1_000_000 * (1 + (i % 2 if latency_s else 0))
            down_s = latency_s + factor * n_bytes / 1e6
            up_s = latency_s + factor * n_bytes / 5e5
            lines.append(f"{client},{n_bytes},{4 + i},{down_s},{factor * 0.1 * (4 + i)},{up_s}")
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_speeds_and_rates_are_found(tmp_path: Path) -> None:
    a, b = fit(read_rounds(_rounds(tmp_path / "rounds.csv")))
    assert (a.client, a.n_rounds, b.client) == ("a", 6, "b")
    assert a.seconds_per_batch.value == pytest.approx(0.1)
    assert a.seconds_per_batch.low <= 0.1 + 1e-9
    assert a.seconds_per_batch.high >= 0.1 - 1e-9
    assert b.seconds_per_batch.value == pytest.approx(0.2)
    assert (a.down.bytes_per_s.value, a.up.bytes_per_s.value) == pytest.approx((1e6, 5e5))
    assert a.held_out == pytest.approx(0.0, abs=1e-9)


def test_latency_is_told_from_the_rate_by_two_sizes(tmp_path: Path) -> None:
    a, _ = fit(read_rounds(_rounds(tmp_path / "rounds.csv", latency_s=0.25)))
    assert (a.down.latency_s, a.down.bytes_per_s.value) == pytest.approx((0.25, 1e6))


def test_rows_of_late_clients_are_left_out(tmp_path: Path) -> None:
    path = _rounds(tmp_path / "rounds.csv")
    path.write_text(path.read_text(encoding="utf-8") + "a,1000000,4,,,\n", encoding="utf-8")
    assert len(read_rounds(path)) == 16


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("client,bytes\na,1\n", "the column batches is missing"),
        (HEADER + "a,1,1,0,1,1\n", "rounds.csv:2: down_s must be finite and above 0, got 0"),
        (HEADER + "a,1,1,x,1,1\n", "the column down_s must hold numbers"),
        (HEADER, "has no row with the seconds of all three stages"),
        ("", "is no CSV table"),
    ],
)
def test_a_bad_table_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "rounds.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_rounds(path)


def test_too_few_rounds_are_refused() -> None:
    rows = {"client": ["a"] * 3, "bytes": [1] * 3, "up_bytes": [1] * 3, "batches": [1] * 3}
    seconds = {"down_s": [1.0] * 3, "compute_s": [1.0] * 3, "up_s": [1.0] * 3}
    with pytest.raises(ValueError, match="client a has 3 rounds"):
        fit(pl.DataFrame(rows | seconds))
