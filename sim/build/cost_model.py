"""The cost model that a scenario names, for its model and task."""

from __future__ import annotations

from learner.encoder.architecture import Architecture
from sim.cost.analytic import AnalyticCostModel
from sim.cost.protocol import CostModel
from sim.cost.table import TableCostModel, flops_ratio
from sim.scenario.scenario import Scenario
from sim.scenario.task import SyntheticTask


def build_cost_model(scenario: Scenario, architecture: Architecture, n_labels: int) -> CostModel:
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
