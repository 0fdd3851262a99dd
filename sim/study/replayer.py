"""What an interactive page asks of replays: one changed run, its scenario, and a study of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from sim.build.data import Data, load_data
from sim.runs.recorded import recorded_run
from sim.runs.run import default_cache_dir
from sim.scenario.file import ScenarioError, digest, dump_scenario
from sim.scenario.scenario import Scenario
from sim.scenario.yaml_text import parse_yaml
from sim.streams import Streams

from .file import expand
from .replay import Replay, plan_replay, replay

_KEPT = 16


class Replayer:
    """Replays finished runs without training. cache_dir: of data, states and scores.

    Data are read once for all replays that have the same clients with the same examples.
    """

    def __init__(self, cache_dir: Path | None = None) -> None:
        self._cache_dir = cache_dir or default_cache_dir()
        self._data: dict[str, Data] = {}

    def scenario(self, run_dir: Path, overrides: Sequence[str]) -> dict[str, Any]:
        """The scenario of a run with overrides `a.b=c`, with every default written out.

        Raises as plan_replay does.
        """
        (arm,) = plan_replay(run_dir, overrides, cache_dir=self._cache_dir).arms
        return dump_scenario(arm)

    def replay(self, run_dir: Path, overrides: Sequence[str], out: Path) -> Replay:
        """Replay a run with overrides into the directory `out`. Raises as replay does."""
        study = plan_replay(run_dir, overrides, cache_dir=self._cache_dir)
        data = self._data_of(study.arms[0], study.seeds[0])
        (replayed,) = replay(run_dir, study, out=out, cache_dir=self._cache_dir, data=data)
        return replayed

    def _data_of(self, scenario: Scenario, seed: int) -> Data:
        """The data of a scenario, from those that were read last."""
        parts = dump_scenario(scenario)
        key = json.dumps([seed, *(parts[part] for part in ("task", "partition", "training"))])
        if key not in self._data:
            self._data[key] = load_data(scenario, Streams(seed), self._cache_dir)
        if len(self._data) > _KEPT:
            del self._data[next(iter(self._data))]
        return self._data[key]

    def study_text(self, run_dir: Path, overrides: Sequence[str]) -> str:
        """A study file with the run as it was and, as a second arm, with the overrides.

        Raises as plan_replay does, and ScenarioError if the arm would be another scenario, since a
        study sets a preset before all other keys.
        """
        (changed,) = plan_replay(run_dir, overrides, cache_dir=self._cache_dir).arms
        recorded = recorded_run(run_dir)
        changes: dict[str, Any] = {}
        for text in overrides:
            path, _, value = text.partition("=")
            changes.pop(path.strip(), None)  # set last, as the override is
            changes[path.strip()] = parse_yaml(value)
        arms = {"as run": {}, "changed": changes} if overrides else {"as run": {}}
        base = dict(recorded.manifest["scenario"])
        study = expand("study", "what-if", base, arms, (), (recorded.seed,))
        if digest(study.arms[-1]) != digest(changed):
            raise ScenarioError("the overrides cannot be the arm of a study: set the preset first")
        content = {"name": "what-if", "seeds": [recorded.seed], "base": base, "arms": arms}
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        return f"# {recorded.scenario.name}, as it was run and changed.\n{text}"
