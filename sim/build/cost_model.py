"""Builds the cost model of a scenario."""

from __future__ import annotations

from learner.encoder.architecture import Architecture
from sim.cost.analytic import AnalyticCostModel
from sim.cost.own_devices import OwnDevices
from sim.cost.protocol import CostModel
from sim.cost.table import TableCostModel, flops_ratio
from sim.cost.timed_as import TimedAs
from sim.scenario.scenario import Scenario
from sim.scenario.task import SyntheticTask

from .devices import has_published
from .priced_model import priced_architecture


def build_cost_model(scenario: Scenario, architecture: Architecture, n_labels: int) -> CostModel:
    """The cost model of `cost`, for the scenario's task and the sizes of its trained model.

    Raises ValueError if the table cannot be scaled to the task.
    """
    priced = priced_architecture(scenario, architecture)
    cost = _cost_of(scenario, priced, n_labels)
    if scenario.fleet.device_file is not None or not has_published(scenario.fleet):
        cost = _with_own_devices(scenario, priced, n_labels, cost)
    if scenario.cost.timed_as is None:
        return cost
    return TimedAs(cost=cost, trained_layers=architecture.n_layers, stated_layers=priced.n_layers)


def _with_own_devices(
    scenario: Scenario, architecture: Architecture, n_labels: int, published: CostModel
) -> CostModel:
    """The costs of a fleet in which devices have seconds of their own."""
    tokens, batch_size = scenario.task.max_tokens, scenario.training.batch_size
    measured = TableCostModel(
        architecture=architecture,
        n_labels=n_labels,
        payload="exact",
        tokens=tokens,
        batch_size=batch_size,
    )
    scaled = AnalyticCostModel(
        architecture=architecture, n_labels=n_labels, tokens=tokens, batch_size=batch_size
    )
    return OwnDevices(published=published, measured=measured, scaled=scaled)


def _cost_of(scenario: Scenario, architecture: Architecture, n_labels: int) -> CostModel:
    """The cost model of a model with these sizes."""
    kind, task, batch_size = scenario.cost, scenario.task, scenario.training.batch_size
    if kind.kind == "analytic":
        return AnalyticCostModel(
            architecture=architecture,
            n_labels=n_labels,
            tokens=task.max_tokens,
            batch_size=batch_size,
        )
    scale = kind.latency_scale
    if kind.scale == "flops":
        if isinstance(task, SyntheticTask):
            raise ValueError("cost.scale must be none for a synthetic task, got flops")
        scale *= flops_ratio(architecture, task.max_tokens, batch_size)
    return TableCostModel(
        architecture=architecture,
        n_labels=n_labels,
        payload=kind.payload,
        latency_scale=scale,
        tokens=task.max_tokens,
        batch_size=batch_size,
        is_of_model=kind.scale == "none",
    )
