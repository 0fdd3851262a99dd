"""Files and directories of another user, and disks that may not be written to (root on Linux).

The command has been done, and is given again: as a user to whom nothing belongs (another user's
directory), as the owner of all files but one (another user's file), or on a disk that is read-only.
It must succeed and change nothing, or refuse with one line. Then root gives it once more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir

import numpy as np

from .outcome import Outcome, is_one_line, judge_again
from .world import Target, World

_NOBODY = 65534
_AS_NOBODY = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
_LONGEST_S = 180.0


def can_be_another() -> bool:
    """Whether this process may act as another user, to whom this project's files are readable."""
    if shutil.which("setpriv") is None or os.geteuid():
        return False
    return subprocess.run([*_AS_NOBODY, "test", "-r", __file__]).returncode == 0


def deny_often(
    world: World, target: Target, n_attempts: int, rng: np.random.Generator
) -> Iterator[Outcome]:
    """Give the target's command n_attempts times where it may not write or read all."""
    for folder in (world.place, *world.place.parents):
        if folder.stat().st_uid == os.geteuid() and Path(gettempdir()) in folder.parents:
            folder.chmod(0o755)
    world.prepare(target)
    status, errors = world.run(target.command)
    assert status == 0, errors
    expected = world.content(target)
    done = world.place / "done"
    shutil.rmtree(done, ignore_errors=True)
    world.work.rename(done)
    kinds = {
        "another user's directory": _whole_directory,
        "another user's file": _one_file,
        "read-only disk": _read_only,
    }
    for number in range(n_attempts):
        fault = list(kinds)[number % len(kinds)]
        shutil.rmtree(world.work, ignore_errors=True)
        shutil.copytree(done, world.work)
        if rng.random() < 0.5 and target.name != "report":  # which tells that runs are unfinished
            for path in world.work.rglob("DONE"):
                path.unlink()
        before, stored = _files(world.work), world.stored()
        told = kinds[fault](world, target, rng)
        if not told and (changed := _changed(before, world.work)):
            told = f"changed: {changed[0]}" if fault != "another user's file" else ""
        if told:
            yield Outcome(fault=fault, target=target.name, verdict="wrong", told=told)
            continue
        is_pruned = "prune" in target.command
        yield judge_again(world, target, expected, fault, {} if is_pruned else stored)


def _whole_directory(world: World, target: Target, rng: np.random.Generator) -> str:
    return _call(world, target, _AS_NOBODY)


def _one_file(world: World, target: Target, rng: np.random.Generator) -> str:
    """All files but a random one belong to who calls; that one nobody else may read."""
    files = sorted(path for path in world.work.rglob("*") if path.is_file())
    for path in (world.work, *world.work.rglob("*")):
        os.chown(path, _NOBODY, _NOBODY)
    kept = files[int(rng.integers(len(files)))]
    os.chown(kept, os.geteuid(), os.getegid())
    kept.chmod(0o600)
    told = _call(world, target, _AS_NOBODY)
    for path in (world.work, *world.work.rglob("*")):
        os.chown(path, os.geteuid(), os.getegid())
    return told and f"{kept.relative_to(world.work)}: {told}"


def _read_only(world: World, target: Target, rng: np.random.Generator) -> str:
    bind, remount = ["mount", "--bind"], ["mount", "-o", "remount,bind,ro"]
    subprocess.run([*bind, world.work, world.work], check=True)
    try:
        subprocess.run([*remount, world.work], check=True)
        return _call(world, target, ())
    finally:
        subprocess.run(["umount", world.work], check=True)


def _call(world: World, target: Target, before: tuple[str, ...]) -> str:
    """What is wrong with the end of the target's command; "" if it succeeds or says why not."""
    process = world.start(target.command, before)
    try:
        errors = process.communicate(timeout=_LONGEST_S)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return f"still at work after {_LONGEST_S:g} s"
    if process.returncode == 0 or (process.returncode == 2 and is_one_line(errors)):
        return ""
    return f"exit status {process.returncode}: {errors[-300:]}"


def _files(work: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in work.rglob("*") if path.is_file()}


def _changed(before: dict[str, bytes], work: Path) -> list[str]:
    found = _files(work)
    return sorted(name for name in found | before if found.get(name) != before.get(name))
