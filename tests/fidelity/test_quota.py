"""Control groups as they are written, in a directory that stands for the kernel's (version 1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fidelity import quota
from fidelity.quota import Quota, remove_stale


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(quota, "find_hierarchy", lambda: tmp_path)
    return tmp_path


def _read(group: Quota, name: str) -> int:
    return int((group.directory / name).read_text())


def test_a_share_of_a_core_is_a_quota_in_short_periods(root: Path) -> None:
    group = Quota.create("fidw-client0", 0.25)
    assert _read(group, "cpu.cfs_quota_us") / _read(group, "cpu.cfs_period_us") == 0.25
    assert _read(group, "cpu.cfs_period_us") == 10_000
    assert _read(Quota.create("fidw-client1", None), "cpu.cfs_quota_us") == -1


def test_loading_comes_after_other_processes_and_a_run_before_them(root: Path) -> None:
    usual = 1024
    assert _read(Quota.create("fidw-load", None, yields=True), "cpu.shares") < usual
    assert _read(Quota.create("fidw-server", None), "cpu.shares") > 10 * usual


def test_emulated_clients_of_all_worlds_share_a_group_that_its_last_user_removes(
    root: Path,
) -> None:
    group = Quota.emulated()
    assert Quota.emulated() == group
    remove_stale("fidw")  # files stand for processes: a directory that is not empty stays
    assert group.directory.is_dir()
    for file in group.directory.iterdir():
        file.unlink()
    remove_stale("fidw")
    assert not group.directory.exists()
