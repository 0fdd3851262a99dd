"""The Python interface: paths as str or Path, checked seeds, short reprs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis import load_study as load_results
from analysis import save_figure, time_to_accuracy
from learner.tasks import TaskSource, load_task
from sim import load_scenario, load_study, run_scenario, run_study
from sim.streams import Streams
from sim.study.definition import Study
from tests.sim.conftest import smallest
from traces import load_bandwidth
from traces.load import load


def test_every_path_may_be_text(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(smallest()))
    study = {"base": "s.yaml", "arms": {"only": {}}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    here = str(tmp_path)
    result = run_scenario(load_scenario(f"{here}/s.yaml"), out=f"{here}/runs", cache_dir=here)
    assert result.run_dir.is_relative_to(tmp_path / "runs")
    run_study(load_study(f"{here}/study.yaml"), out=f"{here}/runs", cache_dir=here)
    results = load_results(f"{here}/runs/study")
    assert results.arms == ("only",)
    save_figure(time_to_accuracy(results), f"{here}/figure", ("svg",))
    assert (tmp_path / "figure.svg").exists()


@pytest.mark.parametrize("seed", [-1, 1.0, True, "1", None])
def test_a_seed_is_a_whole_number_from_0(make: Any, tmp_path: Path, seed: Any) -> None:
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0, got"):
        run_scenario(make(), seed=seed, out=tmp_path)
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0, got"):
        Study(name="s", arms=(make(),), seeds=(0, seed))
    assert list(tmp_path.iterdir()) == []


def test_reprs_are_short(make: Any, tiny_task: Path, tmp_path: Path) -> None:
    link, phones = tmp_path / "link.down", tmp_path / "phones.json"
    link.write_text("".join(f"{ms}\n" for ms in range(0, 90_000, 7)))
    phones.write_text(
        json.dumps({str(i): {"computation": i, "communication": i} for i in range(1, 999)})
    )
    scenario = make()
    shown = [
        load_bandwidth(link, "down"),
        load(link),
        load(phones),
        load_task(TaskSource(source=str(tiny_task), validation=30), tmp_path),
        scenario,
        Study(name="s", arms=(scenario,) * 9, seeds=tuple(range(99))),
        Streams(0),
    ]
    assert {type(one).__name__: len(repr(one)) < 300 for one in shown if len(repr(one)) > 300} == {}
    assert repr(scenario) == (
        "Scenario('smallest', model shape:bert-base, task synthetic, 3 clients, configurator fixed)"
    )
