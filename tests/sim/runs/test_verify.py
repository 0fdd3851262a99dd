"""A sample of a run's states trained again and compared with the store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from commands.store import verify
from learner.spec import StateRef
from learner.store.budget import states_dir, store_dir
from learner.store.store import Store, read_tensors
from learner.training.numerics import numerics_tag
from sim.runlog import RunError
from sim.runs.run import RunResult, run_scenario
from sim.runs.verify import retrain

SIDELINE = {"kind": "sideline", "interval_s": 0.5, "start": {"depth": 1, "width": 8}}


@pytest.fixture
def run(tmp_path: Path, real: Any) -> RunResult:
    scenario = real(configurator=SIDELINE, **{"stop.rounds": 6, "training.max_batches": 2})
    return run_scenario(scenario, out=tmp_path, cache_dir=tmp_path / "fedadapter")


def aggregated(run: RunResult) -> list[str]:
    rows = map(json.loads, (run.run_dir / "events.jsonl").read_text().splitlines())
    return [row["state"] for row in rows if row["row"] == "round" and row["status"] == "done"]


def test_states_made_again_are_the_stored_bytes_and_the_store_stays_as_it_is(
    tmp_path: Path, run: RunResult
) -> None:
    files = sorted((tmp_path / "fedadapter/store").rglob("*.*"))
    before = [path.read_bytes() for path in files]
    remade = list(retrain(run.run_dir, sample=4, cache_dir=tmp_path / "fedadapter"))
    assert len({one.state for one in remade}) == 4
    assert {one.state for one in remade} <= set(aggregated(run))
    assert [one.differing for one in remade] == [()] * 4
    assert all(one.trainings for one in remade)
    assert remade[:2] == list(retrain(run.run_dir, sample=2, cache_dir=tmp_path / "fedadapter"))
    assert [path.read_bytes() for path in files] == before


def test_a_state_that_its_recipe_does_not_make_is_named_and_the_command_fails(
    tmp_path: Path,
    run: RunResult,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Sound by its own hash: only training can tell."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (one,) = retrain(run.run_dir, sample=1, cache_dir=tmp_path / "fedadapter")
    verify(retrain=run.run_dir, sample=1)
    assert f"state {one.state}: the same (" in capsys.readouterr().out
    (path,) = states_dir(tmp_path / "fedadapter").rglob(f"{one.state}*.safetensors")
    tensors = read_tensors(path)
    assert tensors is not None
    tensors["param.head.bias"][0] += 1e-6
    with safe_open(path, framework="numpy") as file:
        recipe = json.loads(file.metadata()["fedadapter"])["recipe"]
    store = Store(store_dir(tmp_path / "fedadapter"))
    store.add_state(StateRef(one.state), numerics_tag(), tensors, recipe)
    with pytest.raises(SystemExit) as end:
        verify(retrain=run.run_dir, sample=1)
    assert end.value.code == 1
    line = f"state {one.state}: differs in param.head.bias ({one.trainings} trainings)\n"
    assert capsys.readouterr().out.endswith(line)


def test_a_score_that_is_not_its_states_is_named(tmp_path: Path, run: RunResult) -> None:
    """One that no row of the log repeats, so that only scoring again can tell."""
    store = Store(store_dir(tmp_path / "fedadapter"))
    scored = [
        (StateRef(state), scores)
        for state in aggregated(run)
        if (scores := store.evaluation(StateRef(state), "validation", numerics_tag()))
    ]
    state, scores = scored[0]
    better = replace(scores, loss=scores.loss - 1e-9)
    store.add_evaluation(state, "validation", numerics_tag(), better)
    remade = retrain(run.run_dir, sample=99, cache_dir=tmp_path / "fedadapter")
    wrong = {one.state: one.differing for one in remade if one.differing}
    assert wrong == {state: ("the validation score",)}


def test_what_cannot_be_trained_again_is_refused_in_one_line(
    tmp_path: Path, run: RunResult, make: Any
) -> None:
    curve = run_scenario(make(), out=tmp_path / "curve")
    with pytest.raises(RunError, match=r"must be a run with learner\.kind torch"):
        list(retrain(curve.run_dir))
    for path in states_dir(tmp_path / "fedadapter").rglob("*.safetensors"):
        path.unlink()
    with pytest.raises(RunError, match="the store has the tensors of none of its rounds any more"):
        list(retrain(run.run_dir, cache_dir=tmp_path / "fedadapter"))


def test_a_damaged_state_is_told_and_not_passed_over(tmp_path: Path, run: RunResult) -> None:
    cache = tmp_path / "fedadapter"
    (one,) = retrain(run.run_dir, sample=1, cache_dir=cache)
    (path,) = states_dir(cache).rglob(f"{one.state}*.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    (again,) = retrain(run.run_dir, sample=1, cache_dir=cache)
    assert (again.state, again.differing) == (one.state, ("its file, which was damaged",))
