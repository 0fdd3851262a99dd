"""The model whose costs are charged: the trained one, or the one of `cost.timed_as`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from configurator import Configuration, Fixed, Schedule
from learner.encoder.architecture import BERT_BASE, DISTILBERT_BASE, Architecture
from learner.ranges import require
from learner.spec import Adapter, TuningConfig
from sim.cost.timed_as import stated_config
from sim.scenario.own import Own
from sim.scenario.scenario import Scenario, StatedModel

from .population import find_profiles, table_model

_STATED: Mapping[StatedModel, Architecture] = {
    "bert-base": BERT_BASE,
    "distilbert-base": DISTILBERT_BASE,
}


def priced_architecture(scenario: Scenario, trained: Architecture) -> Architecture:
    """The sizes of the priced model."""
    stated = scenario.cost.timed_as
    return trained if stated is None else _STATED[stated]


def check_priced_model(scenario: Scenario, trained: Architecture) -> None:
    """Raise ValueError unless seconds, bytes and memory are of one model, at depths it has."""
    cost, priced = scenario.cost, priced_architecture(scenario, trained)
    if cost.timed_as is not None:
        for config in _configs(scenario.configurator, trained.n_layers):
            stated_config(config, trained.n_layers, priced.n_layers)
    if scenario.fleet.device_file is not None:
        for name, profile in find_profiles(scenario.fleet, table_model(scenario)).items():
            require(
                profile.table.n_layers == priced.n_layers,
                f"fleet.device_file: {name} must be measured at depths 0 to "
                f"{priced.n_layers} (the model's layers), got {profile.table.n_layers}",
            )
    elif cost.kind == "table" and cost.scale == "none" and table_model(scenario) == "bert-base":
        _require_bert_base(scenario, priced, "scale none: the seconds", "scale: flops")
    if cost.kind == "table" and cost.payload == "published":
        _require_bert_base(scenario, priced, "payload published: the bytes", "payload: exact")


def _require_bert_base(scenario: Scenario, priced: Architecture, what: str, otherwise: str) -> None:
    """The priced model must have the sizes of the published table's."""
    name = scenario.cost.timed_as or scenario.model.source
    require(
        _sizes(priced) == _sizes(BERT_BASE),
        f"cost.{what} are those of BERT-base ({_text(BERT_BASE)}), got {name} ({_text(priced)}); "
        f"use {otherwise}, or timed_as: bert-base to price depth, bytes and memory alike",
    )


def _sizes(architecture: Architecture) -> tuple[int, int, int]:
    return architecture.n_layers, architecture.hidden, architecture.ffn


def _text(architecture: Architecture) -> str:
    return f"{architecture.n_layers} layers of {architecture.hidden}"


def _configs(policy: Configuration | Own, n_layers: int) -> Iterator[TuningConfig]:
    """Every configuration that the policy can propose; of a user's own policy none is known."""
    match policy:
        case Fixed(config=config):
            yield config
        case Schedule(steps=steps):
            yield from (Adapter(depth=step.depth, width=step.width) for step in steps)
        case Own():
            return
        case _:
            yield from policy.space.within(n_layers).grid(policy.start)
