"""`fedadapter calibrate`: from a table of rounds to a fleet, or one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.calibration.test_calibration import HEADER

Call = Callable[..., tuple[int, str, str]]


def _table(folder: Path, *clients: str) -> Path:
    """Eight rounds of each client, of 0.1 s a batch."""
    rows = [f"{one},1000000,4,{1 + i / 100},0.4,2.0" for one in clients for i in range(8)]
    path = folder / "rounds.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_fleet_is_written_with_the_error_of_held_out_rounds(call: Call, tmp_path: Path) -> None:
    table = _table(tmp_path, "7")
    status, out, err = call("calibrate", table, "--out", tmp_path / "own")
    assert status == 0
    assert out == f"{tmp_path / 'own' / 'fleet.yaml'}\n"
    assert "held-out" in err
    assert "latency" in err
    assert "assumed, since not stated: full fine-tuning (--tuning), all layers (--depth)" in err
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == [
        "client-7.down.json",
        "client-7.up.json",
        "devices.csv",
        "fleet.yaml",
    ]


def test_a_bad_table_is_one_line(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "rounds.csv"
    table.write_text("client\n1\n", encoding="utf-8")
    status, _, err = call("calibrate", table, "--out", tmp_path / "own")
    assert status == 2
    assert "the column bytes is missing" in err
    assert not (tmp_path / "own").exists()


def test_what_was_trained_is_written(call: Call, tmp_path: Path) -> None:
    table = _table(tmp_path, "7")
    job = ("--tuning", "lora", "--depth", "2", "--size", "4", "--model", "bert-base")
    batch = ("--batch-size", "4", "--tokens", "32")
    status, _, err = call("calibrate", table, "--out", tmp_path / "own", *job, *batch)
    assert status == 0
    assert "assumed" not in err
    text = (tmp_path / "own" / "devices.csv").read_text(encoding="utf-8")
    assert "client-7,bert-base,4,32,adapter,2,lora,4,0.1," in text


@pytest.mark.parametrize(
    ("clients", "options", "message"),
    [
        (("a b", "a-b"), (), "rounds.csv: clients 'a b' and 'a-b' must have names that differ"),
        (("a",), ("--size", "8"), "--size must have --tuning adapter or lora beside it, got 8"),
        (
            ("a",),
            ("--tuning", "adapter", "--size", "12"),
            "--size must be a positive multiple of 8, got 12",
        ),
    ],
)
def test_what_cannot_be_written_is_one_line(
    call: Call, tmp_path: Path, clients: tuple[str, ...], options: tuple[str, ...], message: str
) -> None:
    table = _table(tmp_path, *clients)
    status, _, err = call("calibrate", table, "--out", tmp_path / "own", *options)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "own").exists()


def test_published_figures_are_shown_beside_what_is_derived(call: Call) -> None:
    status, out, _ = call("calibrate", "--published")
    assert status == 0
    assert "19 derived steps: 22% off in the median, 83% at most" in out
    assert "jetson-nano, bert-base" in out


def test_without_a_table_it_says_what_it_needs(call: Call) -> None:
    status, _, err = call("calibrate")
    assert status == 2
    assert "needs TABLE.csv and --out DIRECTORY, or --published" in err
