"""The class Study: arms, seeds and axes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from sim.scenario.scenario import Scenario
from sim.streams import whole_seed

from .notes import Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Every arm runs with every seed, so that arms are compared on common random numbers.

    `axes`: the dotted key paths that each axis sets, by the axis's name. `coordinates`: the value
    of each arm on every axis, in the order of the arms; `series`: the arms' names without them. All
    are empty without axes.
    """

    name: str
    arms: tuple[Scenario, ...]
    seeds: tuple[int, ...]
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coordinates: tuple[Mapping[str, Any], ...] = ()
    series: tuple[str, ...] = ()
    notes: Notes = field(default_factory=Notes)

    def __post_init__(self) -> None:
        for seed in self.seeds:
            whole_seed(seed)
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must be at least one, and differ, got {self.seeds!r:.80}")

    def named(self, names: Collection[str]) -> set[str]:
        """The arms that have these names, with or without their coordinates; all for no name.

        Raises ValueError for a name that no arm has.
        """
        arms = [arm.name for arm in self.arms]
        pairs = [*zip(arms, arms, strict=True), *zip(self.series, arms, strict=False)]
        known = {name for name, _ in pairs}
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=3, cutoff=0.3) or arms[:3]
                told = "; ".join(map(repr, near))
                raise ValueError(f"{self.name}: no arm {name!r}; nearest: {told}")
        return {arm for name, arm in pairs if not names or name in names}

    def __repr__(self) -> str:
        return f"Study({self.name!r}, {len(self.arms)} arms, {len(self.seeds)} seeds)"
