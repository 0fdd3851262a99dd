"""A deployed round ends in the state that a simulated one ends in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fidelity.site import Site
from learner.graph.recipes import Aggregate
from learner.spec import StateRef, Update
from sim.scenario.file import parse_scenario
from tests.fidelity.test_fleet import changed


@pytest.mark.parametrize(
    "exchange",
    [{}, {"down_bits": 8, "up_bits": 8}, {"down_bits": 4}, {"up_bits": 4}],
    ids=str,
)
@pytest.mark.parametrize("kind", ["adapter", "full"])
def test_a_round(
    kind: str, exchange: dict[str, Any], tiny_model: Path, tiny_task: Path, tmp_path: Path
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
                "exchange": exchange,
            }
        ),
        "test",
    )
    site = Site.load(scenario, 0, tmp_path)
    state, ids = site.initial(scenario), range(2)
    contents = site.contents(scenario, state, 0, ids)
    updates = {i: site.train(scenario, i, 0, contents[i]) for i in ids}
    deployed = site.aggregate(scenario, state, 0, updates)

    base = StateRef("base")
    recipe = Aggregate(
        rule=scenario.aggregation,
        parent=base,
        updates=tuple(
            Update(job=job, base=base, weight=float(job.shard.n_samples))
            for job in (site.job(scenario, i, 0) for i in ids)
        ),
    )
    simulated = site.learner.make(recipe, {base: state})
    assert deployed.keys() == simulated.keys()
    for name, value in simulated.items():  # clients side by side: other last bits than alone
        np.testing.assert_allclose(deployed[name], value, rtol=0, atol=1e-6)
    assert any(not np.array_equal(deployed[name], value) for name, value in state.items())
