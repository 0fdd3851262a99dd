"""Predictions of a world's runs: from the profile before a run, and given the machine's speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from sim.build.checks import find_architecture
from sim.streams import Streams

from .prediction import GIVEN_SPEED, VARIANTS, Row, changes_of, own_classes, predict, write_devices
from .world import World, scenario_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """Predicts the runs of a world. common: keys that all arms change, by dotted path."""

    world: World
    common: Mapping[str, Any]
    out: Path
    cache_dir: Path

    def before(self, arm: str, repeat: int, profile: Mapping[str, Any]) -> list[Row]:
        """A run with each variant that needs the profile before it alone."""
        variants = [one for one in VARIANTS if one != GIVEN_SPEED]
        return self._rows(arm, repeat, variants, profile["jobs_s"], profile)

    def given_speed(
        self, arm: str, repeat: int, profile: Mapping[str, Any], measured: Sequence[Row]
    ) -> list[Row]:
        """A run whose computing is as much slower than profiled as it was: one factor for all."""
        factor = speed_factor(profile["jobs_s"], measured)
        jobs_s = [[factor * seconds for seconds in own] for own in profile["jobs_s"]]
        return self._rows(arm, repeat, [GIVEN_SPEED], jobs_s, profile)

    def _rows(
        self,
        arm: str,
        repeat: int,
        variants: Sequence[str],
        jobs_s: Sequence[Sequence[float]],
        profile: Mapping[str, Any],
    ) -> list[Row]:
        scenario = scenario_of(self.world, arm, self.common, self.world.name)
        n_layers = find_architecture(scenario, self.cache_dir).n_layers
        found: list[Row] = []
        for variant in variants:
            devices = self.out / f"{arm}.{repeat}.{variant}.devices.csv"
            write_devices(devices, scenario, n_layers, jobs_s)
            changes = dict(self.common) | {
                "fleet.assign": "by-share",
                "fleet.devices": own_classes(Streams(self.world.seed), scenario.partition.clients),
                "fleet.device_file": str(devices.resolve()),
                "fleet.server.aggregation_s": profile["aggregation_s"],
            }
            mapping = self.world.mapping(arm, changes | changes_of(variant, jobs_s))
            place = self.out / "predicted" / variant / f"{arm}-{repeat}"
            rows = predict(mapping, self.world.seed, place, self.cache_dir)
            found += [{"arm": arm, "repeat": repeat, "variant": variant, **row} for row in rows]
        return found


def speed_factor(jobs_s: Sequence[Sequence[float]], measured: Sequence[Row]) -> float:
    """Seconds of computing in a run over those of the profile, of all jobs that were finished."""
    done = [row for row in measured if row["outcome"] == "done"]
    if not done:
        return 1.0
    profiled = sum(fmean(jobs_s[row["client"]]) for row in done)
    return float(sum(row["compute_s"] for row in done) / profiled)
