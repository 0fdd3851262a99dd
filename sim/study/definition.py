"""The class Study: arms, seeds and axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.scenario.scenario import Scenario
from sim.streams import whole_seed

from .notes import Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Every arm runs with every seed, so that arms are compared on common random numbers.

    `axes`: the dotted key paths that each axis sets, by the axis's name. `coordinates`: the value
    of each arm on every axis, in the order of the arms. Both are empty without axes.
    """

    name: str
    arms: tuple[Scenario, ...]
    seeds: tuple[int, ...]
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coordinates: tuple[Mapping[str, Any], ...] = ()
    notes: Notes = field(default_factory=Notes)

    def __post_init__(self) -> None:
        for seed in self.seeds:
            whole_seed(seed)
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must be at least one, and differ, got {self.seeds!r:.80}")

    def __repr__(self) -> str:
        return f"Study({self.name!r}, {len(self.arms)} arms, {len(self.seeds)} seeds)"
