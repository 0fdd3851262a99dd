"""The model whose costs are charged: the trained one, or the one of `cost.timed_as`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from configurator import (
    Bandit,
    ByDevice,
    DevFt,
    Fes,
    Fixed,
    Forecast,
    HetLora,
    Legend,
    Nested,
    Progressive,
    Schedule,
    Search,
    Sideline,
)
from learner.encoder.architecture import BERT_BASE, DISTILBERT_BASE, Architecture
from learner.plan import parts_of
from learner.ranges import require
from learner.spec import TuningConfig
from sim.cost.timed_as import stated_config
from sim.scenario.scenario import Scenario, StatedModel
from traces.profiles import Model

_STATED: Mapping[StatedModel, Architecture] = {
    "bert-base": BERT_BASE,
    "distilbert-base": DISTILBERT_BASE,
}


def priced_architecture(scenario: Scenario, trained: Architecture) -> Architecture:
    """The sizes of the priced model."""
    stated = scenario.cost.timed_as
    return trained if stated is None else _STATED[stated]


def priced_configs(scenario: Scenario, trained: Architecture) -> list[TuningConfig] | None:
    """The configurations of the priced model that the scenario's policy can propose.

    None if that is not known, of a policy of the user's. Raises ValueError for a depth that the
    priced model does not have.
    """
    policy, found = scenario.configurator, list[TuningConfig]()
    match policy:
        case Fixed(config=plan):
            found = [part.config for part in parts_of(plan)]
        case Schedule():
            found = [*policy.configs]
        case (
            ByDevice(deepest=deepest, shallow_depth=least)
            | Legend(deepest=deepest, least_depth=least)
        ):
            found = [replace(deepest, depth=d) for d in range(least, deepest.depth + 1)]
        case HetLora():
            found = [part.config for part in parts_of(policy.initial())]
        case DevFt(deepest=deepest) | Forecast(deepest=deepest):
            found = [replace(deepest, depth=d) for d in range(1, deepest.depth + 1)]
        case Sideline() | Progressive() | Search() | Bandit() | Fes() | Nested():
            found = [*policy.space.within(trained.n_layers).grid(policy.start)]
        case _:
            return None
    if scenario.cost.timed_as is None:
        return found
    priced = priced_architecture(scenario, trained)
    return [stated_config(config, trained.n_layers, priced.n_layers) for config in found]


def table_model(scenario: Scenario) -> Model:
    """The model whose published table is used: the priced one if its seconds are not scaled,
    otherwise BERT-base."""
    cost = scenario.cost
    is_scaled = cost.kind == "analytic" or cost.scale != "none"
    is_distilbert = (cost.timed_as or scenario.model.source) in (
        "distilbert-base",
        "shape:distilbert-base",
    )
    return "distilbert" if is_distilbert and not is_scaled else "bert-base"


def check_published(scenario: Scenario, trained: Architecture, has_published_devices: bool) -> None:
    """Raise ValueError where published seconds or bytes would be charged for another model."""
    cost, priced = scenario.cost, priced_architecture(scenario, trained)
    if cost.kind == "analytic":
        return
    is_unscaled = cost.scale == "none" and table_model(scenario) == "bert-base"
    if has_published_devices and is_unscaled:
        _require_bert_base(scenario, priced, "scale none: the seconds", "scale: flops")
    if cost.payload == "published":
        _require_bert_base(scenario, priced, "payload published: the bytes", "payload: exact")


def _require_bert_base(scenario: Scenario, priced: Architecture, what: str, otherwise: str) -> None:
    """The priced model must have the sizes of the published table's."""
    name = scenario.cost.timed_as or scenario.model.source
    require(
        sizes(priced) == sizes(BERT_BASE),
        f"cost.{what} are those of BERT-base ({_text(BERT_BASE)}), got {name} ({_text(priced)}); "
        f"use {otherwise}, or timed_as: bert-base to price depth, bytes and memory alike",
    )


def sizes(architecture: Architecture) -> tuple[int, int, int]:
    """What determines the seconds of a layer and their number."""
    return architecture.n_layers, architecture.hidden, architecture.ffn


def _text(architecture: Architecture) -> str:
    return f"{architecture.n_layers} layers of {architecture.hidden}"
