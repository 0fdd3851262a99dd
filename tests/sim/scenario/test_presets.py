"""Presets are equal to the keys that they stand for; written keys take precedence."""

from __future__ import annotations

from typing import Any

import pytest

from configurator import Fixed, Sideline
from configurator.protocol import TrialRules
from learner.spec import Full
from sim.scenario.file import ScenarioError, dump_scenario, parse_scenario, set_path
from sim.scenario.presets import PRESETS


@pytest.fixture
def mapping(make: Any) -> dict[str, Any]:
    """A scenario without a configurator."""
    plain = dump_scenario(make())
    return {
        key: plain[key]
        for key in ("name", "model", "task", "partition", "learner", "fleet", "rounds")
    }


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_stands_for_plain_keys(name: str, mapping: dict[str, Any]) -> None:
    stop = {"rounds": 3}
    by_name = parse_scenario(mapping | {"preset": name, "stop": stop}, "test")
    written = parse_scenario(mapping | dict(PRESETS[name]) | {"stop": stop}, "test")
    assert by_name == written
    assert "preset" not in dump_scenario(by_name)


def test_keys_written_beside_a_preset_take_precedence(mapping: dict[str, Any]) -> None:
    own = {"configurator": {"interval_s": 90, "trial": {"allocation": "pools"}}}
    rest = {"preset": "fedadapter-artifact", "stop": {"rounds": 3}}
    scenario = parse_scenario(mapping | rest | own, "test")
    policy = scenario.configurator
    assert isinstance(policy, Sideline)
    assert (policy.interval_s, policy.window) == (90, "interval * (4 * depth + 1)")
    assert policy.trial == TrialRules(allocation="pools", score="best-in-window")
    assert (policy.space.first_depth, scenario.evaluation.decide_on) == (2, "test")


def test_a_policy_of_another_kind_replaces_the_presets(mapping: dict[str, Any]) -> None:
    own = {"configurator": {"kind": "fixed", "config": {"kind": "full"}}, "stop": {"rounds": 3}}
    scenario = parse_scenario(mapping | {"preset": "fedadapter-paper"} | own, "test")
    assert scenario.configurator == Fixed(config=Full())


def test_a_preset_set_by_an_override_replaces_the_written_keys(make: Any) -> None:
    mapping = dump_scenario(make(**{"evaluation.decide_on": "validation"}))
    set_path(mapping, "preset", "fedadapter-artifact")
    set_path(mapping, "configurator.trial.score", "last")
    scenario = parse_scenario(mapping, "test")
    policy = scenario.configurator
    assert isinstance(policy, Sideline)
    assert policy.trial == TrialRules(allocation="same", score="last")
    assert (scenario.evaluation.decide_on, scenario.evaluation.every_rounds) == ("test", 1)
    assert PRESETS["fedadapter-artifact"]["configurator"]["trial"]["score"] == "best-in-window"


@pytest.mark.parametrize("name", ["fedadapter", 3, None])
def test_an_unknown_preset_is_refused(name: object, mapping: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError, match="test: preset must be one of fedadapter-paper, fed"):
        parse_scenario(mapping | {"preset": name}, "test")


def test_a_start_without_a_kind_is_an_adapter(make: Any) -> None:
    start = {"depth": 2, "width": 16}
    policy = make(configurator={"kind": "sideline", "start": start}).configurator
    named = {"kind": "sideline", "start": {"kind": "adapter", **start}}
    assert policy == make(configurator=named).configurator
