"""Builds the cost model of a scenario."""

from __future__ import annotations

from learner.encoder.architecture import Architecture
from sim.cost.analytic import AnalyticCostModel
from sim.cost.protocol import CostModel
from sim.cost.table import TableCostModel, flops_ratio
from sim.cost.timed_as import TimedAs
from sim.scenario.scenario import Scenario
from sim.scenario.task import SyntheticTask

from .priced_model import priced_architecture


def build_cost_model(scenario: Scenario, architecture: Architecture, n_labels: int) -> CostModel:
    """The cost model of `cost`, for the scenario's task and the sizes of its trained model.

    Raises ValueError if the table cannot be scaled to the task.
    """
    priced = priced_architecture(scenario, architecture)
    cost = _cost_of(scenario, priced, n_labels)
    if scenario.cost.timed_as is None:
        return cost
    return TimedAs(cost=cost, trained_layers=architecture.n_layers, stated_layers=priced.n_layers)


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
