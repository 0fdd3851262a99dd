"""All faults, in the proportions that their cost and importance suggest."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from .damage import damage_often
from .disk import can_mount, fill_often
from .kills import kill_often
from .outcome import Outcome
from .permissions import can_be_another, deny_often
from .together import start_twice_often
from .world import TARGETS, World

_KILLS = {
    "time-only run": 0.3,
    "training run": 0.14,
    "study, two workers": 0.12,
    "report": 0.08,
    "figures": 0.08,
    "parquet": 0.1,
    "export": 0.08,
    "store prune": 0.1,
}
"""The part of the signals that this command gets; those that cost less get more."""

_DISKS = {"time-only run": 0.08, "training run": 0.05, "figures": 0.03, "parquet": 0.05}
_TOGETHER = {"time-only run": 0.02, "training run": 0.02}
_DENIALS = {
    "time-only run": 0.03,
    "training run": 0.045,
    "report": 0.015,
    "parquet": 0.015,
    "export": 0.015,
    "store prune": 0.015,
}
_DAMAGES = 1.0
"""Full disks, second processes, denials and damaged files for each signal."""


def campaign(world: World, n_moments: int, seed: int) -> Iterator[Outcome]:
    """n_moments signals, and the other faults in proportion.

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
            ("deny", _DENIALS if can_be_another() else {}, deny_often),
        ):
            if n := round(n_moments * shares.get(target.name, 0.0)):
                yield from attempt(world, target, n, rng(f"{name} {target.name}"))
