"""What a study is: its arms, its seeds, the axes that it sweeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.scenario.scenario import Scenario

from .notes import Notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Every arm is run with every seed, so that arms are compared on common random numbers.

    `axes`: the dotted paths that each axis sets, by its name; `coordinates`: where each arm stands
    on them, in the arms' order. Both are empty for a study of named arms alone.
    """

    name: str
    arms: tuple[Scenario, ...]
    seeds: tuple[int, ...]
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coordinates: tuple[Mapping[str, Any], ...] = ()
    notes: Notes = field(default_factory=Notes)
