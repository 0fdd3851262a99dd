"""Control groups as they are written, in a directory that stands for the kernel's (version 1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fidelity import quota
from fidelity.quota import Quota


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


def test_a_group_comes_before_other_processes(root: Path) -> None:
    assert _read(Quota.create("fidw-server", None), "cpu.shares") > 10 * 1024
