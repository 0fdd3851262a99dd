"""Runs beside each other: which ones wait."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from fidelity import turns
from fidelity.fleet import Fleet

FLEET = Fleet(
    devices=["phone"],
    core_share=[None],
    down=[[(0.0, 1e6)]],
    up=[[(0.0, 1e6)]],
    server_down=None,
    server_up=None,
    round_trip_s=0.04,
    absences_s=[[]],
)


@pytest.mark.parametrize(("round_trip_s", "others_wait"), [(0.04, True), (0.0, False)])
def test_only_runs_with_forwarders_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, round_trip_s: float, others_wait: bool
) -> None:
    lock = tmp_path / "lock"
    monkeypatch.setattr(turns, "_LOCK", lock)
    with turns.turn_of(replace(FLEET, round_trip_s=round_trip_s)):
        other = FileLock(lock)
        if others_wait:
            with pytest.raises(Timeout):
                other.acquire(timeout=0)
        else:
            other.acquire(timeout=0)
            other.release()
    with FileLock(lock).acquire(timeout=0):
        pass  # it ends with the run
