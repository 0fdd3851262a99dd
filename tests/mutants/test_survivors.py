"""Reasons are of lines that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from .survivors import REASONS, Reason

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("reason", REASONS, ids=lambda one: f"{one.module} {one.old}")
def test_the_line_of_a_reason_is_in_its_module(reason: Reason) -> None:
    path = ROOT / reason.module
    files = [path] if path.is_file() else sorted(path.glob("*.py"))
    assert any(reason.old in file.read_text(encoding="utf-8") for file in files)
