"""All faults, in the proportions that their cost and importance suggest."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from .damage import damage_often
from .disk import can_mount, fill_often
from .kills import kill_often
from .outcome import Outcome
from .together import start_twice_often
from .world import TARGETS, World

_KILLS = {
    "time-only run": 0.16,
    "training run": 0.16,
    "study, two workers": 0.12,
    "report": 0.04,
    "figures": 0.04,
    "parquet": 0.06,
    "export": 0.04,
    "store prune": 0.06,
}
"""The part of all attempts that kill this command."""

_DISKS = {"time-only run": 0.04, "training run": 0.08, "figures": 0.02, "parquet": 0.02}
_TOGETHER = {"time-only run": 0.02, "training run": 0.02}
_DAMAGES = 2.0
"""Damaged files, which take a tenth of the time, for each other attempt."""


def campaign(world: World, n_moments: int, seed: int) -> Iterator[Outcome]:
    """About n_moments attempts in processes, and twice as many on damaged files.

    Each kind has random numbers of its own, so that one can be repeated alone.
    """

    def rng(kind: str) -> np.random.Generator:
        return np.random.default_rng([seed, zlib.crc32(kind.encode())])

    yield from damage_often(world, round(_DAMAGES * n_moments), rng("damage"))
    for target in TARGETS:
        for name, shares, attempt in (
            ("kill", _KILLS, kill_often),
            ("disk", _DISKS if can_mount() else {}, fill_often),
            ("together", _TOGETHER, start_twice_often),
        ):
            if n := round(n_moments * shares.get(target.name, 0.0)):
                yield from attempt(world, target, n, rng(f"{name} {target.name}"))
