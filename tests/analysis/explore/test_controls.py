"""Controls make overrides and are read back from them; each one makes a valid scenario."""

from pathlib import Path
from typing import Any

import pytest

from analysis.explore.choice import Choice, read_choices, scale, write_choices
from analysis.explore.controls import controls
from sim import load_study
from sim.scenario.file import apply_override, dump_scenario, load_scenario, parse_scenario

SCENARIOS = Path(__file__).parents[3] / "scenarios"
WORLDS = [SCENARIOS / f"world/{name}.yaml" for name in ("analytic-cost", "async-hinge-trials")]


def demo() -> dict[str, Any]:
    return dump_scenario(load_study(SCENARIOS / "demo.yaml").arms[2])


def of(scenario: dict[str, Any]) -> list[Choice]:
    return controls(scenario, scenario["partition"]["clients"], 14.0)


def read(choices: list[Choice], *overrides: str) -> tuple[dict[str, Any], list[str]]:
    """The values that are not the base's, by control, and the overrides that no control makes."""
    known, chosen, others = read_choices(choices, overrides)
    values = {one.id: one.values[chosen[one.id]] for one in known if chosen[one.id] != one.base}
    return values, others


def test_every_choice_is_read_back_from_its_overrides() -> None:
    choices = of(demo())
    for choice in choices:
        for place in range(len(choice.options)):
            chosen = {one.id: one.base for one in choices} | {choice.id: place}
            overrides = write_choices(choices, chosen, ())
            assert read_choices(choices, overrides)[1:] == (chosen, [])
            assert bool(overrides) == (place != choice.base)


def test_all_controls_at_once_are_read_back() -> None:
    choices = of(demo())
    chosen = {one.id: (one.base + 1) % len(one.options) for one in choices}
    others = ("fleet.jitter=0.3",)
    overrides = write_choices(choices, chosen, others)
    assert read_choices(choices, overrides)[1:] == (chosen, list(others))


@pytest.mark.parametrize(
    ("base", "option"),
    [
        ({"kind": "fluid"}, "fluid: the traced rate"),
        ({"kind": "tcp"}, "TCP"),
        ({"kind": "tcp", "connection": "each"}, "as run"),
    ],
)
def test_the_transport_of_a_run_is_its_base_and_stays_with_another_trace(
    base: dict[str, Any], option: str
) -> None:
    mapping = demo()
    mapping["fleet"]["network"]["transport"] = base
    choices = {one.id: one for one in of(dump_scenario(parse_scenario(mapping, "demo")))}
    transport, trace = choices["transport"], choices["trace"]
    assert transport.options[transport.base] == option
    kept = trace.values[trace.options.index("Starlink")]["transport"]
    assert kept["kind"] == base["kind"]


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_every_choice_makes_a_scenario(path: Path) -> None:
    scenario = dump_scenario(load_scenario(path))
    for choice in of(scenario):
        for place in range(len(choice.options)):
            if choice.id == "participants" and choice.values[place] < 5:
                continue  # trials with three branches need three, and minimal reports more
            mapping = dict(scenario)
            for text in choice.overrides(place):
                apply_override(mapping, text)
            parse_scenario(mapping, choice.id)


def test_only_overrides_behind_those_of_no_control_are_choices() -> None:
    network = "fleet.network={kind: constant, down_mbytes_per_s: 1, up_mbytes_per_s: 1}"
    first = "fleet.network.rate_scale=2"
    assert read(of(demo()), first, network, "rounds.deadline_s=10") == (
        {"deadline": 10},
        [first, network],
    )


def test_a_number_between_the_choices_becomes_one() -> None:
    values, others = read(of(demo()), "rounds.deadline_s=7.5", "fleet.network.rate_scale=0.3")
    assert (values, others) == ({"deadline": 7.5, "rate": 0.3}, [])


@pytest.mark.parametrize(
    "override",
    [
        "rounds.deadline_s=soon",
        "rounds.deadline_s=true",
        "fleet.server.down_mbit_per_s=50",  # one way alone
        'fleet.network.outages={"every_s": 1, "length_s": 1}',
        "nonsense",
    ],
)
def test_what_no_control_makes_stays_an_override(override: str) -> None:
    assert read(of(demo()), override) == ({}, [override])


def test_a_control_that_the_scenario_does_not_have_is_left_out() -> None:
    ids = {choice.id for choice in of(dump_scenario(load_scenario(WORLDS[1])))}
    assert "deadline" not in ids  # asynchronous
    scenario = demo()
    scenario["fleet"] |= {"network": None, "capacities": {"source": "phones", "latency_s": 0.1}}
    of_phones = {choice.id: choice for choice in of(scenario)}
    assert {"trace", "rate", "outages"}.isdisjoint(of_phones)
    assert of_phones["latency"].paths == ("fleet.capacities.latency_s",)


def test_the_base_is_among_the_values_and_changes_nothing() -> None:
    made = scale(id="x", label="", group="", paths=["a", "b"], values=(1, 5), base=3, unit="s")
    assert (made.values, made.options, made.base) == ((1, 3, 5), ("1", "3", "5"), 1)
    assert made.overrides(1) == []
    assert made.overrides(2) == ["a=5", "b=5"]
