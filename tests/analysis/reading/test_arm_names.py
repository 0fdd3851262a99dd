"""Runs of different folders are different arms, also where their scenarios are the same."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.reading.study import load_study

Make = Callable[..., Any]


def renamed(run: Path, folder: str) -> Path:
    """The run in another folder, as an own configurator or participation gives it."""
    target = run.parent.with_name(folder) / run.name
    target.parent.mkdir(exist_ok=True)
    shutil.move(run, target)
    run.parent.rmdir()
    return target


def test_runs_of_one_scenario_in_two_folders_are_two_arms(study_dir: Path, write_run: Make) -> None:
    for seed, digest in ((0, "cccccccc"), (1, "bbbbbbbb")):
        renamed(write_run("a", seed=seed), f"a-{digest}")
    write_run("a", seed=0)
    study = load_study(study_dir)
    assert study.arms == ("a [01234567]", "a [bbbbbbbb]", "a [cccccccc]")
    assert [run.seed for run in study.runs] == [0, 1, 0]


def test_a_folder_that_was_renamed_names_its_arm(study_dir: Path, write_run: Make) -> None:
    renamed(write_run("a", seed=0), "before")
    write_run("a", seed=0)
    assert load_study(study_dir).arms == ("a [01234567]", "a [before]")


def test_runs_that_lie_side_by_side_are_told_apart_by_their_scenario(
    study_dir: Path, write_run: Make
) -> None:
    for digest in ("1" * 16, "2" * 16):
        run = write_run("a", digest=digest)
        shutil.move(run, study_dir / f"copy-{digest[0]}")
    assert load_study(study_dir).arms == ("a [11111111]", "a [22222222]")


def test_a_second_run_of_an_arm_and_seed_is_refused(study_dir: Path, write_run: Make) -> None:
    run = write_run("a", seed=3)
    copy = run.with_name("seed-0003-copy")
    shutil.copytree(run, copy)
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is what is tested
        load_study(study_dir)
    assert str(refused.value) == f"{copy}: is a second run of 'a', seed 3, beside {run}"
