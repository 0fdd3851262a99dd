"""A world: one fleet on this machine, and the arms that are run in it, from a YAML file.

    name: verizon
    seed: 0
    repeats: 3                 # runs of every arm
    core_share: {phone: 0.1}   # of a core, by device class of the scenario
    port: 7000                 # of the server, in its own namespace
    framework: plain           # or flower: who holds the rounds and moves the bytes
    horizon_s: 600             # for how long a run follows the recorded rates
    recordings: {downlink: ..., uplink: ..., step_s: 1.0, mean_mbit_per_s: 24}
    scenario: ...              # what all arms have in common
    arms: {small: {configurator.config: {kind: adapter, depth: 1, width: 8}}, ...}

An arm may have its own `repeats`. Arms whose fleets differ (in the latency, say) are deployed one
after the other.

With emulated devices (`World.emulated`, `run --emulated`) there are no quotas. An arm's clients
train as fast as they can, then wait until its `job_s: {phone: 0.7}` seconds of computing have
passed, by device class. Computing then takes as long as the prediction says, and what is compared
is links, rounds and the server.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from learner.ranges import require, require_at_least
from sim.scenario.file import parse_scenario, set_path
from sim.scenario.paths import resolve_paths
from sim.scenario.scenario import Scenario
from sim.scenario.yaml_text import naming, read_yaml

from .framework import FRAMEWORKS, FrameworkName
from .recordings import Recordings

_ARM_KEYS = ("repeats", "job_s")
"""Keys of an arm that are not the scenario's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """See the module's description. `scenario`: a mapping as in a scenario file."""

    name: str
    core_share: Mapping[str, float] = field(default_factory=dict)
    scenario: Mapping[str, Any]
    arms: Mapping[str, Mapping[str, Any]]
    seed: int = 0
    repeats: int = 1
    port: int = 7000
    horizon_s: float = 600.0
    recordings: Recordings | None = None
    framework: FrameworkName = "plain"

    def __post_init__(self) -> None:
        require(
            self.name.isalnum() and self.name.isascii(),
            f"name must be letters and digits, got {self.name!r}",
        )
        require_at_least(1, repeats=self.repeats)
        for arm, changes in self.arms.items():
            require(isinstance(changes, Mapping), f"arms.{arm} must be a mapping, got {changes}")
            repeats = self.repeats_of(arm)
            is_count = isinstance(repeats, int) and repeats >= 1
            require(is_count, f"arms.{arm}.repeats must be an integer of at least 1, got {repeats}")
            job_s = self.job_s_of(arm)
            require(
                isinstance(job_s, Mapping) and all(_is_positive(one) for one in job_s.values()),
                f"arms.{arm}.job_s must be seconds above 0 by device class, got {job_s}",
            )
            require(
                bool(self.core_share or job_s),
                f"core_share is missing, and arms.{arm} has no job_s",
            )
        for device, share in self.core_share.items():
            require(
                0.0 < share <= 1.0,
                f"core_share.{device} must be above 0 and at most 1 core, got {share}",
            )
        require(1024 <= self.port < 65536, f"port must be from 1024 to 65535, got {self.port}")
        require(
            0.0 < self.horizon_s <= 36_000.0,
            f"horizon_s must be above 0 and at most 36000, got {self.horizon_s}",
        )
        known = ", ".join(FRAMEWORKS)
        require(
            self.framework in FRAMEWORKS, f"framework must be one of {known}, got {self.framework}"
        )
        require(bool(self.arms), "arms must name at least one arm")

    def repeats_of(self, arm: str) -> int:
        """Runs of an arm."""
        repeats: int = self.arms[arm].get("repeats", self.repeats)
        return repeats

    @property
    def is_emulated(self) -> bool:
        """Whether clients wait for as long as their device would compute, in place of quotas."""
        return not self.core_share

    def emulated(self) -> World:
        """The same world with emulated devices, of the arms that say how long their jobs take."""
        arms = {arm: changes for arm, changes in self.arms.items() if "job_s" in changes}
        require(bool(arms), f"{self.name}: no arm has job_s, the seconds of emulated devices")
        return replace(self, name=f"e{self.name}", core_share={}, arms=arms)

    def job_s_of(self, arm: str) -> Mapping[str, float]:
        """Seconds of computing of an arm's jobs by class of emulated devices."""
        job_s: Mapping[str, float] = self.arms[arm].get("job_s", {})
        return job_s

    def mapping(self, arm: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The scenario of an arm as a mapping, with some keys changed by dotted paths."""
        mapping = deepcopy(dict(self.scenario))
        own = {path: value for path, value in self.arms[arm].items() if path not in _ARM_KEYS}
        for path, value in {**own, **changes, "name": arm}.items():
            set_path(mapping, path, value)
        return mapping


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and 0.0 < value < math.inf


def read_world(path: Path) -> World:
    """A world file. Raises ScenarioError, naming the file and the key."""
    fields = resolve_paths(read_yaml(path), path.parent)
    known = World.__dataclass_fields__
    with naming(str(path)):
        for key in fields:
            require(key in known, f"{key} is not a known key; known: {', '.join(known)}")
        for key in ("name", "scenario", "arms"):
            require(key in fields, f"{key} is missing")
        if "recordings" in fields:
            fields["recordings"] = Recordings(**fields["recordings"])
        return World(**fields)


def chosen_arms(worlds: Sequence[World], wanted: Sequence[str]) -> list[tuple[str, ...]]:
    """Which of the wanted arms (none: all) each world has.

    Raises ValueError for an arm that no world has.
    """
    known = dict.fromkeys(arm for world in worlds for arm in world.arms)
    for arm in wanted:
        require(arm in known, f"no arm {arm} in these worlds; arms: {', '.join(known)}")
    return [tuple(arm for arm in world.arms if not wanted or arm in wanted) for world in worlds]


def scenario_of(world: World, arm: str, changes: Mapping[str, Any], where: str) -> Scenario:
    """The scenario of an arm. Raises ScenarioError, naming the key."""
    return parse_scenario(world.mapping(arm, changes), f"{where}: arm {arm}")
