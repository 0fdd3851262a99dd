"""Scenarios, as mappings and as YAML texts, studies, and overrides of both."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.build.checks import check_scenario
from sim.build.start import check_start
from sim.runs.run import run_scenario
from sim.scenario.file import (
    ScenarioError,
    apply_override,
    as_yaml,
    load_scenario,
    parse_scenario,
    read_scenario,
)
from sim.scenario.scenario import Scenario
from sim.scenario.yaml_text import read_yaml
from sim.study.file import parse_study
from tests.sim.conftest import smallest

from .kind import Kind, WronglyAcceptedError
from .tree import ODD, changed, pick, values_by_key

_FOLDER = Path(__file__).parents[2] / "scenarios"
_MOST_STARTED = 2000
"""Clients of a scenario that is started: more take seconds, and memory as validate says."""

_TOKENS = (
    *("&a ", "*a", "<<: ", "!!int ", "!!python/object:os.system ", "? ", "- ", "{", "]", "'"),
    *("\t", "|\n", "---\n", "%YAML 9\n", "#", ": ", "\n", "0x10", "1_0", "9" * 40, "\ufeff"),
)
_NUMBERS = ("0", "1", "2", "3", "8", "0.5", "-1", "1e3", "4e-3", "1e9", ".inf", "09", "1_0", "~")


def scenario_kinds(place: Path) -> list[Kind]:
    """place: an empty directory, for files and runs."""
    own = _Inputs(place)
    return [
        Kind(name="scenario, a mapping", share=0.18, attempt=own.scenario),
        Kind(name="scenario, a YAML text", share=0.05, attempt=own.text),
        Kind(name="override", share=0.18, attempt=own.override),
        Kind(name="study", share=0.05, attempt=own.study),
    ]


class _Inputs:
    """The valid inputs that are changed, and the attempts."""

    def __init__(self, place: Path) -> None:
        self.place, self.n_started = place, 0
        self.scenarios, self.studies = [smallest()], list[dict[str, Any]]()
        for path in sorted(_FOLDER.rglob("*.yaml")):
            try:
                load_scenario(path)
                self.scenarios.append(read_scenario(path))
            except ScenarioError:
                self.studies.append(read_yaml(path))
        self.texts = [json.dumps(one, indent=1) for one in self.scenarios[:1]]
        self.texts += [as_yaml(parse_scenario(one, "base")) for one in self.scenarios[:4]]
        self.studies = [one for one in self.studies if len(json.dumps(one)) < 4000]
        self.known = values_by_key([*self.scenarios, *self.studies])
        self.paths = sorted({p for one in self.scenarios for p in _paths(one)})

    def scenario(self, rng: np.random.Generator) -> str:
        base = self.scenarios[0] if rng.random() < 0.5 else pick(rng, self.scenarios)
        return self._accept(parse_scenario(changed(base, rng, self.known), "fuzz"), rng)

    def text(self, rng: np.random.Generator) -> str:
        text = pick(rng, self.texts)
        for _ in range(int(rng.integers(1, 4))):
            if rng.random() < 0.5:  # another number
                numbers = [*re.finditer(r"\d[\d.]*", text)]
                at, until = pick(rng, numbers).span()
                text = text[:at] + pick(rng, _NUMBERS) + text[until:]
                continue
            at = int(rng.integers(len(text)))
            until = at if rng.random() < 0.7 else min(len(text), at + int(rng.integers(40)))
            text = text[:at] + pick(rng, _TOKENS) + text[until:]
        path = self.place / "fuzz.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return self._accept(load_scenario(path), rng)

    def override(self, rng: np.random.Generator) -> str:
        mapping = json.loads(json.dumps(pick(rng, self.scenarios)))
        for _ in range(int(rng.integers(1, 3))):
            path = pick(rng, self.paths)
            key = path.rsplit(".", 1)[-1]
            value = pick(rng, self.known.get(key, ODD) if rng.random() < 0.5 else ODD)
            try:
                text = json.dumps(value, ensure_ascii=bool(rng.integers(2)))
            except ValueError:
                text = str(value)
            if rng.random() < 0.1:
                text = pick(rng, _TOKENS) + text
            equals = "=" if rng.random() < 0.95 else pick(rng, ("", "==", ":", " = "))
            apply_override(mapping, path + equals + text)
        return self._accept(parse_scenario(mapping, "fuzz"), rng)

    def study(self, rng: np.random.Generator) -> str:
        mapping = changed(pick(rng, self.studies), rng, self.known)
        parse_study({"name": "fuzz"} | mapping, "fuzz", _FOLDER / "studies")
        return ""

    def _accept(self, scenario: Scenario, rng: np.random.Generator) -> str:
        """Check an accepted scenario as `validate` does; start one in ten for three rounds."""
        check_scenario(scenario)
        if scenario.partition.clients > _MOST_STARTED or rng.random() > 0.3:
            return ""
        told = check_start(scenario, self.place / "cache")
        is_missing = any("a download is needed" in line for line in told)
        if is_missing or scenario.learner.kind != "curve" or rng.random() > 0.4:
            return ""
        stopping = replace(scenario, stop=replace(scenario.stop, rounds=3))
        with tempfile.TemporaryDirectory(dir=self.place) as out:
            result = run_scenario(stopping, out=out, cache_dir=self.place / "cache")
            if not (result.run_dir / "DONE").exists():
                raise WronglyAcceptedError(f"no DONE after {scenario}")
        return "started"


def _paths(value: Any, path: str = "") -> list[str]:
    if not isinstance(value, dict):
        return [path]
    return [p for key, below in value.items() for p in _paths(below, f"{path}.{key}".lstrip("."))]
