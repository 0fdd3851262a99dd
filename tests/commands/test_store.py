"""`fedadapter store`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]


def test_the_store_is_told_limited_verified_and_pruned(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    empty = json.loads(call("store", "info", "--json")[1])
    assert empty["kinds"]["states"] == {"kind": "states", "files": 0, "bytes": 0}
    assert call("store", "limit", "5")[0] == 0
    assert "5.0" in call("store", "info")[1]
    bad = tmp_path / "fedadapter/store/evaluations/aa/aa-test-00.json"
    bad.parent.mkdir(parents=True)
    bad.write_text("{}")
    status, out, err = call("store", "verify")
    assert (status, out) == (1, "1 damaged\n")
    assert err == f"discarded a damaged file, which is computed again when needed: {bad}\n"
    assert call("store", "verify")[0] == 0
    status, _, err = call("store", "verify", "--retrain", tmp_path)
    assert (status, err) == (
        2,
        f"fedadapter: {tmp_path}: is not a run directory (no manifest.json in it)\n",
    )
    assert json.loads(call("store", "prune", "--json")[1]) == {"files": 0, "bytes": 0}


def test_a_limit_below_what_is_stored_is_told(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    state = tmp_path / "fedadapter/store/states/aa/aa.safetensors"
    state.parent.mkdir(parents=True)
    state.write_bytes(bytes(2_000_000))
    used = f"2.0 MB in use in {tmp_path / 'fedadapter'}\n"
    assert call("store", "limit", "30000") == (0, f"limit 30,000.0 MB, {used}", "")
    _, out, err = call("store", "limit", "1.5")
    assert out == f"limit 1.5 MB, {used}"
    assert "the next run removes what was used least recently" in err
    assert state.exists()


@pytest.mark.parametrize("arguments", [("limit", "inf"), ("prune", "--to-mbytes", "inf")])
def test_a_limit_without_end_is_refused(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    status, _, err = call("store", *arguments)
    assert status == 2
    assert "Input should be less than or equal to" in err
