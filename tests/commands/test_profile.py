"""`fedadapter profile`: a device file of this machine that a scenario can use."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from traces.device_csv import load_devices

Call = Callable[..., tuple[int, str, str]]


def test_the_file_has_every_depth_and_row(call: Call, tiny_model: Path, tmp_path: Path) -> None:
    out, points = tmp_path / "own.csv", tmp_path / "points.csv"
    status, told, _ = call(
        *("profile", "mine", "--out", out, "--points", points, "--model", tiny_model),
        *("--tokens", "4,6", "--batch-size", "2", "--size", "8", "--repeats", "1"),
    )
    assert status == 0
    assert "18 measured steps; the analytic cost model x" in told
    assert "terms fitted to this machine are" in told
    device = load_devices(out)["mine"]
    places = {(figure.row, figure.depth) for figure in device.figures}
    rows = ("full", "adapter", "adapter_cached")
    assert places == {(row, depth) for row in rows for depth in (0, 1, 2)}
    add_ons = {(figure.row, figure.tuning, figure.size) for figure in device.figures}
    sizes = {("full", None, None), ("adapter", "adapter", 8), ("adapter_cached", "adapter", 8)}
    assert add_ons == sizes
    assert (device.batch_size, device.tokens) == (2, 4)
    with points.open(encoding="utf-8") as source:
        assert {row["tokens"] for row in csv.DictReader(source)} == {"4", "6"}


def test_the_file_says_that_it_was_lora(call: Call, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "own.csv"
    options = ("--tuning", "lora", "--size", "4", "--depth", "1", "--repeats", "1", "--tokens", "4")
    status, _, _ = call("profile", "mine", "--out", out, "--model", tiny_model, *options)
    assert status == 0
    figures = load_devices(out)["mine"].figures
    found = {(figure.row, figure.tuning, figure.size) for figure in figures}
    assert found == {("full", None, None), ("adapter", "lora", 4), ("adapter_cached", "lora", 4)}


def test_a_file_that_exists_is_kept(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "own.csv"
    out.write_text("mine", encoding="utf-8")
    status, _, err = call("profile", "mine", "--out", out)
    assert (status, out.read_text(encoding="utf-8")) == (2, "mine")
    assert "exists already; name another file" in err


@pytest.mark.parametrize("option", ["--size", "--tokens", "--depth"])
def test_what_is_no_number_is_refused(
    call: Call, tiny_model: Path, tmp_path: Path, option: str
) -> None:
    status, _, err = call(
        "profile", "mine", "--out", tmp_path / "own.csv", "--model", tiny_model, option, "many"
    )
    assert status == 2
    assert f"{option} many: must be ids and ranges" in err


def test_texts_longer_than_the_model_can_read_are_refused(
    call: Call, tiny_model: Path, tmp_path: Path
) -> None:
    options = ("--out", tmp_path / "own.csv", "--model", tiny_model, "--tokens", "100000")
    status, _, err = call("profile", "mine", *options)
    assert status == 2
    assert "tokens must be at most" in err
    assert not (tmp_path / "own.csv").exists()


def test_more_numbers_than_can_be_measured_are_refused(
    call: Call, tiny_model: Path, tmp_path: Path
) -> None:
    options = ("--out", tmp_path / "own.csv", "--model", tiny_model, "--size", f"1-{2**63}")
    status, _, err = call("profile", "mine", *options)
    assert status == 2
    assert f"--size 1-{2**63}: must be at most 10,000 numbers" in err
