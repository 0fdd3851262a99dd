"""The order of a world's runs, and predictions from kept profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fidelity.measurement import left_to_run, predict_again, results_of
from fidelity.results import Results
from fidelity.world import World
from sim.runs.run import default_cache_dir
from tests.fidelity.test_fleet import BASE

WORLD = World(
    name="w",
    repeats=3,
    core_share={"phone": 0.1},
    scenario=BASE,
    arms={"a": {"training.max_batches": 2}, "b": {"repeats": 1}},
)


def _profile(job_s: float) -> dict[str, Any]:
    return {"jobs_s": [[job_s, job_s], [job_s, job_s]], "aggregation_s": 0.01}


def test_arms_take_turns_and_what_was_run_is_not_repeated(tmp_path: Path) -> None:
    results = results_of(WORLD, None, tmp_path)
    arms = ("a", "b")
    assert [*left_to_run(WORLD, arms, None, results)] == [("a", 0), ("b", 0), ("a", 1), ("a", 2)]
    assert [*left_to_run(WORLD, arms, 2, results)] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    results.add("a", _profile(1.0), [{"arm": "a", "repeat": 0}], [{"arm": "a", "repeat": 0}])
    assert [*left_to_run(WORLD, arms, None, results)] == [("b", 0), ("a", 1), ("a", 2)]
    more = World(**{name: getattr(WORLD, name) for name in WORLD.__slots__} | {"repeats": 4})
    assert results_of(more, None, tmp_path).n_runs("a") == 1  # more of the same runs
    with pytest.raises(ValueError, match="or of other rounds"):
        results_of(WORLD, 7, tmp_path)


def test_every_run_is_predicted_from_its_own_profile(tmp_path: Path) -> None:
    out = tmp_path / "w"
    results = results_of(WORLD, 1, out)
    for repeat, job_s in enumerate((1.0, 3.0)):
        row = {
            "arm": "a",
            "repeat": repeat,
            "client": 0,
            "outcome": "done",
            "compute_s": 1.5 * job_s,
        }
        results.add("a", _profile(job_s), [row], [row])
    for _ in range(2):  # the second time over the first one's runs
        predict_again(WORLD, out=out, cache_dir=default_cache_dir())
        told = pl.read_csv(out / "predicted.csv").filter(pl.col("variant") == "tcp")
        assert told["compute_s"].to_list() == pytest.approx([1.0, 1.0, 3.0, 3.0])
        given = pl.read_csv(out / "predicted.csv").filter(pl.col("variant") == "speed")
        assert given["compute_s"].to_list() == pytest.approx([1.5, 1.5, 4.5, 4.5])
        assert set(told["round"]) == {1}  # the rounds of the runs, not of the file


def test_a_prediction_needs_runs_of_its_world(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no measured run"):
        predict_again(WORLD, out=tmp_path / "none", cache_dir=default_cache_dir())
    row = {"arm": "a", "repeat": 0}
    results_of(WORLD, 1, tmp_path).add("a", _profile(1.0), [row], [row])
    other = World(name="w", core_share={"phone": 0.2}, scenario=BASE, arms=WORLD.arms)
    with pytest.raises(ValueError, match="holds runs of another world than this file's"):
        predict_again(other, out=tmp_path, cache_dir=default_cache_dir())
    assert Results.read(tmp_path).predicted == [row]
