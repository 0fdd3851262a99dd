"""The files for contributors name what there is, and hooks check what `make test` checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, with the folder of programs written out."""
    (lines,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, flags=re.MULTILINE)
    return [line.strip().replace("$(BIN)", ".venv/bin") for line in lines.splitlines()]


def test_hooks_run_the_commands_of_make_test() -> None:
    configuration = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (local,) = configuration["repos"]
    entries: dict[str, list[str]] = {"pre-commit": [], "pre-push": []}
    for hook in local["hooks"]:
        (stage,) = hook.get("stages", configuration["default_stages"])
        entries[stage].append(hook["entry"])
    assert entries == {"pre-commit": recipe("lint"), "pre-push": recipe("test")}


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`| {4})make ([a-z-]+)", GUIDE))))
def test_targets_that_the_guide_names_exist(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_]+/[\w/.-]*)`", GUIDE))))
def test_paths_that_the_guide_names_exist(path: str) -> None:
    assert (ROOT / path).exists()
