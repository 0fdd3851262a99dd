"""Deployed rounds end in the states that simulated ones end in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fidelity.site import Site
from learner.graph.recipes import Aggregate
from learner.spec import StateRef, Update
from learner.state import State
from learner.training.device import own_device
from learner.training.server_rules import ServerStep
from sim.scenario.file import parse_scenario
from sim.scenario.scenario import Scenario
from tests.fidelity.test_fleet import changed

CLIENTS = range(2)


def deployed(site: Site, scenario: Scenario, state: State, version: int) -> State:
    contents = site.contents(scenario, state, version, CLIENTS)
    updates = {i: site.train(scenario, i, version, contents[i]) for i in CLIENTS}
    return site.aggregate(scenario, state, version, updates)


def simulated(site: Site, scenario: Scenario, state: State, version: int) -> State:
    """Clients are trained one by one: side by side they have other last bits."""
    base, jobs = StateRef("base"), [site.job(scenario, i, version) for i in CLIENTS]
    updates = [Update(job=job, base=base, weight=float(job.shard.n_samples)) for job in jobs]
    recipe = Aggregate(rule=scenario.aggregation, parent=base, updates=tuple(updates))
    step = ServerStep(recipe, {base: state}, own_device())
    for update in updates:
        step.add(update, site.learner.train([update], {base: state})[0].params)
    return step.result()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aggregation": {"kind": "fedadam"}},
        {"exchange": {"down_bits": 8, "up_bits": 8}},
        {"exchange": {"down_bits": 8, "up_bits": 4}, "aggregation": {"kind": "fedadam"}},
        {"exchange": {"down_bits": 4}},
        {"exchange": {"up_bits": 4}},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["adapter", "full"])
def test_two_rounds(
    kind: str, changes: dict[str, Any], tiny_model: Path, tiny_task: Path, tmp_path: Path
) -> None:
    size = {"depth": 1, "width": 8} if kind == "adapter" else {}
    scenario = parse_scenario(
        changed(
            {
                "model": {"source": str(tiny_model)},
                "task.source": str(tiny_task),
                "task.validation": 40,
                "configurator.config": {"kind": kind, **size},
                "training": {"batch_size": 4, "max_batches": 2},
                **changes,
            }
        ),
        "test",
    )
    site = Site.load(scenario, 0, tmp_path)
    states: list[State] = [site.initial(scenario)]
    for version in range(2):
        states.append(deployed(site, scenario, states[-1], version))
        told = simulated(site, scenario, states[-2], version)
        assert states[-1].keys() == told.keys()
        for name, value in told.items():
            np.testing.assert_allclose(states[-1][name], value, rtol=0, atol=1e-6)
    assert any(not np.array_equal(states[-1][name], value) for name, value in states[0].items())
