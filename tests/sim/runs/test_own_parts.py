"""Runs with a configurator or a participation of the user's: recorded, and made again by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis import load_study
from analysis.report import report
from configurator import Fixed
from configurator.space import Space
from learner.spec import Adapter
from sim.build.checks import check_scenario
from sim.done import write_done
from sim.run_files import read_manifest
from sim.runlog import RunError, write_json
from sim.runs.export import export_run
from sim.runs.run import RunResult, run_scenario
from sim.runs.verify import verify_states
from sim.scenario.file import ScenarioError, as_yaml, load_scenario
from sim.study.axes import read_axes
from sim.study.definition import Study
from sim.study.replay import plan_replay, replay
from sim.study.study import run_study

from .own_parts import Deepening, Plain, slow

MODULE = "tests.sim.runs.own_parts"
OWN = Deepening(space=Space(max_depth=4), rounds=3)
NAMED = f"{MODULE}:Deepening(space={{'max_depth': 4}}, rounds=3)"


def log_of(run: RunResult) -> bytes:
    return (run.run_dir / "events.jsonl").read_bytes()


def replayed(run_dir: Path, out: Path, *overrides: str, **options: Any) -> RunResult:
    (one,) = replay(run_dir, plan_replay(run_dir, overrides), out=out, **options)
    assert one.result is not None
    return one.result


@pytest.fixture
def run(make: Any, tmp_path: Path) -> RunResult:
    """Twelve rounds of three at depths 1 to 4, in a scenario that names a fixed depth of 1."""
    return run_scenario(make(**{"stop.rounds": 12}), out=tmp_path, configurator=OWN)


def test_the_manifest_and_scenario_yaml_name_module_class_and_values(run: RunResult) -> None:
    manifest = read_manifest(run.run_dir)
    assert manifest["scenario"]["configurator"] == {
        "kind": "own",
        "policy": f"{MODULE}:Deepening",
        "values": {
            "space": {
                "depth_step": 1,
                "first_depth": 1,
                "max_depth": 4,
                "width_step": 8,
                "max_width": 64,
                "rank_step": 4,
                "max_rank": 32,
            },
            "rounds": 3,
        },
    }
    assert manifest["policy"] == repr(OWN)
    assert run.config == {"kind": "adapter", "depth": 4, "width": 8}


def test_the_scenario_yaml_of_the_run_repeats_it(run: RunResult, tmp_path: Path) -> None:
    again = run_scenario(load_scenario(run.run_dir / "scenario.yaml"), out=tmp_path / "again")
    assert log_of(again) == log_of(run)
    assert again.run_dir.parent.name == run.run_dir.parent.name


def test_a_replay_uses_the_runs_configurator_and_not_another(
    run: RunResult, tmp_path: Path
) -> None:
    assert log_of(replayed(run.run_dir, tmp_path)) == log_of(run)
    faster = replayed(run.run_dir, tmp_path, "fleet.network.up_mbytes_per_s=5")
    assert faster.config == run.config
    assert faster.sim_seconds < run.sim_seconds


def test_a_configurator_named_in_text_runs_as_the_object_does(
    run: RunResult, make: Any, tmp_path: Path
) -> None:
    named = run_scenario(make(configurator=NAMED, **{"stop.rounds": 12}), out=tmp_path / "named")
    assert log_of(named) == log_of(run)


def test_an_own_configurator_works_in_a_study_of_processes_with_an_axis(
    make: Any, tmp_path: Path
) -> None:
    arms = tuple(
        make(name=f"rounds {n}", configurator=f"{MODULE}:Deepening(space={{}}, rounds={n})")
        for n in (1, 2)
    )
    study = Study(name="own", arms=arms, seeds=(0, 1))
    results = run_study(study, out=tmp_path, workers=2)
    assert [one.config["depth"] for one in results] == [2, 2, 1, 1]


def test_replays_along_an_axis_run_in_processes(run: RunResult, tmp_path: Path) -> None:
    axes = read_axes({"configurator.values.rounds": [1, 3]})
    study = plan_replay(run.run_dir, (), axes)
    one, three = replay(run.run_dir, study, out=tmp_path, workers=2)
    assert three.divergence is None
    assert one.divergence is not None


def test_an_own_participation_is_replayed(make: Any, tmp_path: Path) -> None:
    slower = run_scenario(make(), out=tmp_path, participation=slow)
    assert read_manifest(slower.run_dir).get("participation") == f"{MODULE}.slow"
    plain = run_scenario(make(), out=tmp_path)
    assert slower.sim_seconds == pytest.approx(plain.sim_seconds + 2 * 1.0)
    assert log_of(replayed(slower.run_dir, tmp_path)) == log_of(slower)


def test_export_and_verify_use_the_runs_configurator_and_participation(
    real: Any, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    own = Deepening(space=Space(max_depth=2), rounds=4)
    run = run_scenario(real(), out=tmp_path, cache_dir=cache, configurator=own, participation=slow)
    exported = export_run(run.run_dir, tmp_path / "model", at="final", cache_dir=cache)
    assert exported.config == Adapter(depth=2, width=8)
    (verified,) = verify_states(run.run_dir, sample=1, cache_dir=cache)
    assert verified.differing == ()
    assert replayed(run.run_dir, tmp_path, cache_dir=cache).accuracy == run.accuracy


def test_a_report_shows_the_runs_configurator_and_command(run: RunResult) -> None:
    page = report(load_study(run.run_dir.parent))
    assert f"{MODULE}:Deepening" in page
    assert "Deepening(space=Space(" in page
    assert "<dt>command</dt>" in page


def test_a_shipped_policy_that_is_passed_replaces_the_scenarios(make: Any, tmp_path: Path) -> None:
    fixed = Fixed(config=Adapter(depth=2, width=16))
    passed = run_scenario(make(), out=tmp_path / "a", configurator=fixed)
    written = run_scenario(
        make(
            configurator={"kind": "fixed", "config": {"kind": "adapter", "depth": 2, "width": 16}}
        ),
        out=tmp_path / "b",
    )
    assert passed.run_dir.parent.name == written.run_dir.parent.name
    assert log_of(passed) == log_of(written)


def changed(run_dir: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((run_dir / "manifest.json").read_text())
    change(manifest)
    write_json(run_dir / "manifest.json", manifest)
    write_done(run_dir)


def test_a_run_of_an_earlier_version_is_refused_unless_a_configurator_is_named(
    make: Any, run: RunResult, tmp_path: Path
) -> None:
    """Version 0.1.0 kept the scenario's policy, and the repr of the one that was passed."""
    fixed = {"kind": "fixed", "config": {"kind": "adapter", "depth": 1, "width": 8}}
    changed(run.run_dir, lambda manifest: manifest["scenario"].update(configurator=fixed))
    with pytest.raises(RunError, match=r"configurator has changed: it was 'Deepening\(.*Fixed\("):
        plan_replay(run.run_dir)
    told = "smallest had the configurator Deepening(space=Space("
    assert told in report(load_study(run.run_dir.parent))
    again = replayed(run.run_dir, tmp_path, f'configurator="{NAMED}"')
    assert log_of(again) == log_of(run)


def test_a_class_whose_defaults_have_changed_since_is_refused(run: RunResult) -> None:
    changed(
        run.run_dir, lambda manifest: manifest["scenario"]["configurator"]["values"].pop("rounds")
    )
    with pytest.raises(RunError, match=r"rounds=3\)' and is now .*rounds=2\)'"):
        plan_replay(run.run_dir)


def test_a_policy_whose_values_cannot_be_written_runs_and_is_not_replayed(
    make: Any, tmp_path: Path
) -> None:
    run = run_scenario(make(), out=tmp_path, configurator=Plain(Space(max_depth=3)))
    assert read_manifest(run.run_dir)["scenario"]["configurator"]["values"] is None
    with pytest.raises(RunError, match=f"values of {MODULE}:Plain are not recorded"):
        plan_replay(run.run_dir)


def test_a_class_or_function_that_is_gone_is_refused(
    make: Any, run: RunResult, tmp_path: Path
) -> None:
    def rename(manifest: dict[str, Any]) -> None:
        manifest["scenario"]["configurator"]["policy"] = f"{MODULE}:Gone"

    changed(run.run_dir, rename)
    with pytest.raises(RunError, match=r"must be a class that can be imported, got .*:Gone"):
        plan_replay(run.run_dir)
    slower = run_scenario(make(), out=tmp_path, participation=slow)
    changed(slower.run_dir, lambda manifest: manifest.update(participation=f"{MODULE}.gone"))
    with pytest.raises(RunError, match=r"participation .*\.gone cannot be imported"):
        plan_replay(slower.run_dir)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "nowhere_at_all:Policy",
            "can be imported, got nowhere_at_all:Policy .ModuleNotFoundError",
        ),
        ("subprocess:Popen(args='ls')", "a class with the methods initial, propose, decide"),
        (f"{MODULE}:slow", "a class with the methods initial, propose, decide"),
        (f"{MODULE}:Deepening", r"configurator.values.space: Field required"),
        (f"{MODULE}:Deepening(space={{}}, round=3)", "configurator.values.round: Unexpected"),
        (
            f"{MODULE}:Deepening(space={{}}, rounds='3')",
            "values.rounds: Input should be a valid int",
        ),
        (f"{MODULE}:Deepening(space={{'max_depth': 2.5}})", "configurator.values.space.max_depth"),
        (f"{MODULE}:Strict(space={{}}, rounds=0)", "rounds must be at least 1, got 0"),
    ],
)
def test_a_configurator_that_cannot_be_made_is_refused_before_the_run(
    make: Any, text: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_scenario(make(configurator=text))


@pytest.mark.parametrize(
    "text",
    [
        f"{MODULE}:Deepening(3)",
        f"{MODULE}:Deepening(**{{}})",
        f"{MODULE}:Deepening(space=Space())",
        f"{MODULE}:Deepening(rounds=__import__('os').getpid())",
        f"{MODULE}:Deepening(rounds=1",
        f"{MODULE}:(1)",
        "module:",
        "a:B(" + "(" * 500 + ")" * 500 + ")",
    ],
)
def test_text_of_another_form_is_refused_and_never_executed(make: Any, text: str) -> None:
    with pytest.raises(ScenarioError, match=r"of the form module:Class"):
        make(configurator=text)


def test_the_values_survive_yaml(run: RunResult, tmp_path: Path) -> None:
    scenario = load_scenario(run.run_dir / "scenario.yaml")
    (tmp_path / "again.yaml").write_text(as_yaml(scenario))
    assert load_scenario(tmp_path / "again.yaml") == scenario
