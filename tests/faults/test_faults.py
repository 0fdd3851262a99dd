"""A few attempts of each fault; `python -m tests.faults` makes many (docs/reliability.md)."""

from __future__ import annotations

import numpy as np
import pytest

from .damage import damage_often
from .disk import can_mount, fill_often
from .kills import kill_often
from .outcome import Outcome, Verdict, is_one_line, judge_again, table
from .permissions import can_be_another, deny_often
from .soak import TARGET, run_with_kills, write_study
from .together import start_twice_often
from .world import TARGETS, Target, World

SEED = 20261126


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("faults") / "world")


def _wrong(outcomes: list[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.verdict == "wrong"]


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_killed_command_is_completed_by_the_same_command(world: World, target: Target) -> None:
    n_moments = {"run": 2, "study": 4}.get(target.command[0], 1)
    rng = np.random.default_rng(SEED)
    assert _wrong(list(kill_often(world, target, n_moments, rng))) == []


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS[:2], ids=lambda target: target.name)
def test_a_full_disk_is_one_line_and_loses_nothing(world: World, target: Target) -> None:
    if not can_mount():
        pytest.skip("may not mount a file system; tests/sim/runs/test_full_disk.py limits files")
    rng = np.random.default_rng(SEED)
    assert _wrong(list(fill_often(world, target, 1, rng))) == []


@pytest.mark.slow
def test_damaged_files_are_made_again_or_refused_with_one_line(world: World) -> None:
    outcomes = list(damage_often(world, 40, np.random.default_rng(SEED)))
    assert _wrong(outcomes) == []
    assert {one.verdict for one in outcomes} == {"same bytes", "one line"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["time-only run", "training run", "parquet", "export"])
def test_what_may_not_be_read_or_written_is_one_line(world: World, name: str) -> None:
    if not (can_be_another() and can_mount()):
        pytest.skip("needs root, and this project's files readable to others")
    (target,) = (one for one in TARGETS if one.name == name)
    assert _wrong(list(deny_often(world, target, 3, np.random.default_rng(SEED)))) == []


@pytest.mark.slow
def test_a_study_that_is_killed_again_and_again_has_the_same_bytes(world: World) -> None:
    write_study(world, n_rounds=12, seeds=[0])
    world.prepare(TARGET)
    status, errors = world.run(TARGET.command)
    assert status == 0, errors
    expected = world.content(TARGET)
    world.prepare(TARGET)
    assert run_with_kills(world, np.random.default_rng(SEED))[1] == ""
    assert world.content(TARGET) == expected


@pytest.mark.slow
def test_two_processes_share_a_directory_or_a_store(world: World) -> None:
    outcomes = list(start_twice_often(world, TARGETS[1], 2, np.random.default_rng(SEED)))
    assert _wrong(outcomes) == []


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ("round 3\nfedadapter: x: No space left on device\n", True),
        ("Traceback (most recent call last):\nfedadapter: x\n", False),
        ("round 3\n", False),
        ("", False),
    ],
)
def test_what_counts_as_one_line(errors: str, expected: bool) -> None:
    assert is_one_line(errors) == expected


def test_the_table_counts_by_fault_and_command() -> None:
    verdicts: list[Verdict] = ["same bytes", "one line", "same bytes", "wrong"]
    outcomes = [Outcome(fault="SIGKILL", target="run", verdict=one) for one in verdicts]
    assert table(outcomes).splitlines()[2:] == ["| SIGKILL | run | 4 | 2 | 1 | 1 |"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["lost", "changed"])
def test_the_judge_notices_what_is_lost(world: World, fault: str) -> None:
    """The same judge, with an expectation that the command cannot meet."""
    (target,) = (one for one in TARGETS if one.name == "parquet")
    world.prepare(target)
    status, _ = world.run(target.command)
    assert status == 0
    expected, before = world.content(target), dict[str, bytes]()
    if fault == "lost":
        before["store/never written"] = b""
    else:
        expected = {name: content + b" " for name, content in expected.items()}
    assert judge_again(world, target, expected, "none", before).verdict == "wrong"
