"""Reading and writing scenario files; an invalid one is refused with one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from sim.scenario.file import (
    ScenarioError,
    apply_override,
    as_yaml,
    digest,
    dump_scenario,
    load_scenario,
    parse_scenario,
)
from sim.scenario.yaml_text import parse_yaml
from sim.study.file import load_study

ROOT = Path(__file__).parents[3]
SCENARIOS = [
    *sorted((ROOT / "scenarios").glob("paper/clock/*.yaml")),
    ROOT / "scenarios/template.yaml",
    ROOT / "scenarios/replay.yaml",
]


@pytest.fixture
def mapping(make: Any) -> dict[str, Any]:
    return dump_scenario(make())


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenarios_load_and_survive_a_round_trip(path: Path) -> None:
    scenario = load_scenario(path)
    assert parse_scenario(parse_yaml(as_yaml(scenario)), "again") == scenario


def test_the_demo_study_loads() -> None:
    study = load_study(ROOT / "scenarios/demo.yaml")
    assert len(study.arms) == 5
    assert len({digest(arm) for arm in study.arms}) == 5


@pytest.mark.parametrize("name", ["arms", "axes"])
def test_the_studies_for_the_figures_load(name: str) -> None:
    study = load_study(ROOT / "scenarios/figures" / f"{name}.yaml")
    assert len(study.seeds) == 3
    assert bool(study.axes) == (name == "axes")


def test_the_name_is_not_part_of_the_digest(make: Any) -> None:
    assert digest(make()) == digest(make(name="another"))
    assert digest(make()) != digest(make(**{"stop.rounds": 3}))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("foo=1", "foo is not a known key; known here: aggregation, cache,"),
        ('rounds={"a.b.c": 1}', "rounds.a.b.c is not a known key"),
        ('fleet.network={kind: constant, "a.b.c": 1}', "fleet.network.a.b.c is not a known key"),
        (
            "rounds.particpants=1",
            "rounds.particpants is not a known key; did you mean p",
        ),
        (
            "configurator.config.widht=8",
            "configurator.config.widht is not a known key; did",
        ),
        (
            "configurator.config.width=12",
            "configurator.config.width must be a positive mul",
        ),
        (
            "configurator.kind=fixd",
            "configurator.kind must be one of fixed, schedule, s",
        ),
        (
            "configurator.config={depth: 1}",
            "configurator.config.kind must be one of adapter",
        ),
        ("configurator.config={kind: lora, depth: 1, rank: 0}", "configurator.config.rank must be"),
        (
            "configurator.config={kind: lora, depth: 1, rank: 4, alpha: 0}",
            "configurator.config.alpha must be above 0, got 0",
        ),
        (
            "configurator.config={kind: lora, depth: 1, width: 8}",
            "configurator.config.width is not a known key",
        ),
        ("training.new_weights=zero", "training.new_weights must be published or identity, got"),
        ("rounds.participants='3'", 'rounds.participants must be a whole number, got "3"'),
        ("rounds.participants=0", "rounds.participants must be at least 1, got 0"),
        (
            "rounds.participants=4",
            "rounds.participants must be at most partition.clients (3)",
        ),
        ("stop.sim_s=.nan", "stop.sim_s must be a finite number, got NaN"),
        ("training.lr=-1", "training.lr must be at least 0, got -1"),
        ("training.steps=0", "training.steps must be at least 1 or null, got 0"),
        (
            "training={steps: 4, max_batches: 3}",
            "training.steps must be null where local_epochs or max_batches is set, got 4",
        ),
        ("training.momentum=0.9", "training.momentum must be 0 for optimizer adamw, got 0.9"),
        ("training={optimizer: sgd, momentum: 1}", "training.momentum must be in [0, 1), got 1"),
        ("training.weight_decay=-0.1", "training.weight_decay must be at least 0, got -0.1"),
        ("training.prox_mu=-1", "training.prox_mu must be at least 0, got -1"),
        ("training.max_grad_norm=0", "training.max_grad_norm must be above 0 or null, got 0"),
        ("training.lr_schedule.kind=step", "training.lr_schedule.kind must be constant, linear"),
        (
            "training.lr_schedule={kind: linear, within: run}",
            "training.lr_schedule.total_rounds must be set for a linear or cosine decay",
        ),
        (
            "training.lr_schedule={kind: linear, total_rounds: 9}",
            "training.lr_schedule.total_rounds must be set for a linear or cosine decay",
        ),
        (
            "training.lr_schedule={kind: linear, within: run, total_rounds: 0}",
            "training.lr_schedule.total_rounds must be at least 1, got 0",
        ),
        (
            "fleet.network.down_mbytes_per_s=-1",
            "fleet.network.down_mbytes_per_s must be at least 0",
        ),
        ("fleet.devices={jetson-tx2: 0.5}", "fleet.devices must be shares that sum to 1, got 0.5"),
        ("stop.rounds=null", "stop must set rounds or sim_s"),
        ("log=some", 'log must be rounds, clients or all, got "some"'),
        ("name=null", "name must be text, got null"),
        ("learner={kind: torch}", "learner.kind must be curve for a synthetic task, got torch"),
        ("fleet.jitter=-0.1", "fleet.jitter must be between 0 and 3, got -0.1"),
        ("fleet.p_dropout=1.5", "fleet.p_dropout must be between 0 and 1, got 1.5"),
        ("fleet.availability.kind=never", "fleet.availability.kind must be one of always, win"),
        (
            "fleet.availability={kind: windows, windows_s: [[2, 1]], period_s: 9}",
            "fleet.availability.windows_s must be [on, off] pairs that increase",
        ),
        (
            "fleet.availability={kind: diurnal, centre_h: 24}",
            "fleet.availability.centre_h must be in [0, 24), got 24",
        ),
        (
            "fleet.load={kind: on-off, free_s: 1, busy_s: 0, busy_speed: 1}",
            "fleet.load.busy_s must be above 0, got 0",
        ),
        ("fleet.server.up_mbit_per_s=0", "fleet.server.up_mbit_per_s must be above 0 or null"),
        ("fleet.server.link_step_s=0", "fleet.server.link_step_s must be above 0, got 0"),
        ("cache.limit_mbytes=0", "cache.limit_mbytes must be above 0 or null, got 0"),
        ("cost={kind: analytic, calibrate: x}", "cost.calibrate must be bert-base/jetson-tx2"),
        ("exchange.up_bits=16", "exchange.up_bits must be 32, 8 or 4, got 16"),
        ("rounds.overcommit=0.9", "rounds.overcommit must be at least 1, got 0.9"),
        ("rounds.deadline_s=0", "rounds.deadline_s must be above 0 or null, got 0"),
        ("rounds.min_reports=4", "rounds.min_reports must be between 1 and participants, got 4"),
        ("rounds.on_failure=ignore", "rounds.on_failure must be retry or abandon"),
        ("rounds.max_failures=0", "rounds.max_failures must be at least 1, got 0"),
        ("learner.points=[[1]]", "learner.points.0.1 is missing"),
        ("learner.points=[[1, 5]]", "learner.points must have accuracies between 0 and 1, got [5"),
        ("fleet.network.kind=trace", "fleet.network.down_mbytes_per_s is not a known key; known h"),
        ("learner.points=[[5, 0.1], [1, 0.2]]", "learner.points must increase in samples"),
    ],
)
def test_a_bad_value_is_refused_in_one_line(
    mapping: dict[str, Any], override: str, message: str
) -> None:
    apply_override(mapping, override)
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(mapping, "my.yaml")
    text = str(caught.value)
    assert text.startswith(f"my.yaml: {message}")
    assert "\n" not in text


@pytest.mark.parametrize("text", ["training.lr\n1", "training.lr=[\n1", "training.lr=|\n 1\n2"])
def test_an_override_of_several_lines_is_refused_in_one(mapping: dict[str, Any], text: str) -> None:
    with pytest.raises(ScenarioError, match=r"^--set training\.lr") as caught:
        apply_override(mapping, text)
    assert "\n" not in str(caught.value)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*path, key)
            yield from _paths(below, (*path, key))
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from _paths(below, (*path, i))


def test_every_misspelt_key_is_refused(make: Any) -> None:
    steps = [{"rounds": 1, "depth": 1, "width": 8}]
    sideline = {"kind": "sideline"}
    network = {"kind": "trace", "downlink": "lte.down", "uplink": "lte.up"}
    variants = [
        make(),
        make(configurator={"kind": "schedule", "steps": steps}),
        make(configurator=sideline, **{"fleet.network": network}),
        make(
            **{
                "fleet.availability": {"kind": "diurnal"},
                "fleet.load": {"kind": "on-off", "free_s": 1, "busy_s": 1, "busy_speed": 0.5},
            }
        ),
        make(**{"fleet.availability": {"kind": "windows", "windows_s": [], "period_s": 1}}),
        make(
            task={"kind": "text", "source": "x"},
            learner={"kind": "torch"},
            partition={"kind": "dirichlet", "clients": 3, "alpha": 1},
        ),
    ]
    tried = 0
    for scenario in variants:
        whole = dump_scenario(scenario)
        for *parents, key in _paths(whole):
            if not isinstance(key, str) or parents == ["fleet", "devices"]:
                continue
            mapping = deepcopy(whole)
            here = mapping
            for parent in parents:
                here = here[parent]
            here[f"{key}x"] = here.pop(key)
            with pytest.raises(ScenarioError):
                parse_scenario(mapping, "my.yaml")
            tried += 1
    assert tried > 150


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: a\nname: b\n", "line 2: duplicate key 'name'"),
        ("name: [1,\n", "line 2: is not YAML"),
        ("name: {{foo}}\n", "keys must be text"),
        ("[" * 3000, "is nested too deeply"),
        ("- 1\n", "must be a mapping of keys, got list"),
        ("", "must be a mapping of keys, got NoneType"),
        ("a: !!python/object/apply:os.system ['true']\n", "line 1: a must not have the tag"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=message.replace("'", ".")) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_numbers_may_be_written_as_4e_minus_3(mapping: dict[str, Any]) -> None:
    apply_override(mapping, "training.lr=4e-3")
    assert parse_scenario(mapping, "my.yaml").training.lr == 0.004


def test_the_schema_is_json_and_has_every_top_level_key(make: Any) -> None:
    from sim.scenario.file import json_schema

    schema = json.loads(json.dumps(json_schema()))
    assert set(schema["properties"]) == {*dump_scenario(make()), "preset"}


def study_text(**changes: Any) -> str:
    clock = (ROOT / "scenarios/paper/clock/20news.yaml").read_text()
    mapping = {"name": "s", "base": parse_yaml(clock), "arms": {"a": None}}
    return json.dumps(mapping | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../../x"}, "name must be text that can name a directory, got '../../x'"),
        ({"name": ""}, "name must be text that can name a directory, got ''"),
        (
            {"arms": {"a": {"rounds.overcommit": 1.2}, "b": {"rounds": {"overcommit": 1.2}}}},
            "arms 'a' and 'b' must differ in more than their names",
        ),
        ({"arms": {"a": None, "A": None}}, "arms 'a' and 'A' must differ in more than their names"),
        ({"arms": {}}, "arms must be a mapping with at least one arm"),
        ({"arms": {"a": 3}}, "arms.a must be a mapping, got 3"),
        ({"seeds": [1, 1]}, "seeds must differ"),
        ({"seeds": ["x"]}, "seeds must be a list of whole numbers from 0"),
        ({"base": "none.yaml"}, "base: .*none.yaml: cannot be read"),
        ({"axis": {}}, "axis is not a known key"),
    ],
)
def test_a_bad_study_is_refused_in_one_line(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(study_text(**changes))
    with pytest.raises(ScenarioError, match=message) as caught:
        load_study(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_the_digest_depends_on_the_order_of_devices(make: Any) -> None:
    """Clients get their devices in that order, so another order gives other numbers."""
    shares = {"jetson-tx2": 0.5, "jetson-nano": 0.5}
    turned = dict(reversed(shares.items()))
    one, other = (make(**{"fleet.devices": devices}) for devices in (shares, turned))
    assert digest(one) != digest(other)
    assert digest(one) == digest(make(**{"fleet.devices": shares, "name": "another"}))
