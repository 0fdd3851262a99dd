"""Disks that are full after a random number of bytes, while a command writes to them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .outcome import Outcome, is_one_line, judge_again
from .world import Target, World

_LARGE = "400m"


def can_mount() -> bool:
    """Whether this process may mount a file system in memory."""
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True)
    return done.returncode == 0 and shutil.which("mount") is not None


def fill_often(
    world: World, target: Target, n_sizes: int, rng: np.random.Generator
) -> Iterator[Outcome]:
    """Call the target's command on disks of n_sizes sizes, then again on a large one.

    The sizes are random between that of the state before the command and that after it, in pages
    of 4 kB.
    """
    world.prepare(target)
    before = _used_pages(world)
    status, errors = world.run(target.command)
    assert status == 0, errors
    expected, after = world.content(target), _used_pages(world)
    for _ in range(n_sizes):
        n_pages = int(rng.integers(before + 1, max(after, before + 2)))
        with _disk(world, target, n_pages):
            status, errors = world.run(target.command)
            if status == 0:
                fault = "disk large enough"
            elif status == 2 and is_one_line(errors) and "No space left" in errors:
                fault = "full disk"
            else:
                told = f"{n_pages} pages, exit status {status}: {errors[-300:]}"
                yield Outcome(fault="full disk", target=target.name, verdict="wrong", told=told)
                continue
            if left := world.leftovers():
                told = f"{n_pages} pages: left {left[0]}"
                yield Outcome(fault=fault, target=target.name, verdict="wrong", told=told)
                continue
            stored = world.stored()
            subprocess.run(["mount", "-o", f"remount,size={_LARGE}", world.work], check=True)
            yield judge_again(world, target, expected, fault, stored)


def _used_pages(world: World) -> int:
    """The pages of 4 kB that a file system in memory needs for the files of `work`."""
    sizes = [path.stat().st_size for path in world.work.rglob("*") if path.is_file()]
    return sum(-(-size // 4096) for size in sizes)


@contextmanager
def _disk(world: World, target: Target, n_pages: int) -> Iterator[None]:
    """`work` as a file system in memory, prepared for the target and then limited to n_pages."""
    world.prepare(target)
    aside = world.place / "aside"
    shutil.rmtree(aside, ignore_errors=True)
    world.work.rename(aside)
    world.work.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_LARGE}", "tmpfs", world.work], check=True
    )
    try:
        shutil.copytree(aside, world.work, dirs_exist_ok=True)
        size = f"remount,size={max(n_pages, 1) * 4096}"
        subprocess.run(["mount", "-o", size, world.work], check=True)
        yield
    finally:
        subprocess.run(["umount", world.work], check=True)
        shutil.rmtree(aside)
