"""`fedadapter calibrate`: from a table of rounds to a fleet, or one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.calibration.test_calibration import HEADER

Call = Callable[..., tuple[int, str, str]]


def test_a_fleet_is_written_with_the_error_of_held_out_rounds(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "rounds.csv"
    rows = [f"7,1000000,4,{1 + i / 100},0.4,2.0" for i in range(8)]
    table.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    status, out, err = call("calibrate", table, "--out", tmp_path / "own")
    assert status == 0
    assert out == f"{tmp_path / 'own' / 'fleet.yaml'}\n"
    assert "held-out" in err
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == [
        "client-7.down.csv",
        "client-7.up.csv",
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


def test_published_figures_are_shown_beside_what_is_derived(call: Call) -> None:
    status, out, _ = call("calibrate", "--published")
    assert status == 0
    assert "19 derived steps: 22% off in the median, 83% at most" in out
    assert "jetson-nano, bert-base" in out


def test_without_a_table_it_says_what_it_needs(call: Call) -> None:
    status, _, err = call("calibrate")
    assert status == 2
    assert "needs TABLE.csv and --out DIRECTORY, or --published" in err
