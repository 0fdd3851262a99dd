"""The core: its modules, and the fast tests that must notice a change in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """modules: files whose functions are changed. tests: what pytest is given."""

    name: str
    modules: Sequence[str]
    tests: Sequence[str]


GROUPS = (
    Group(
        name="transfers",
        modules=("sim/fleet/link.py", "sim/fleet/shared_link.py", "sim/fleet/transport.py"),
        tests=("tests/sim/fleet",),
    ),
    Group(
        name="step traces",
        modules=("traces/step.py", "traces/step_means.py", "traces/reshape.py"),
        tests=(
            "tests/traces/test_step.py",
            "tests/traces/test_step_edges.py",
            "tests/traces/test_step_laws.py",
            "tests/traces/test_reshape.py",
        ),
    ),
    Group(
        name="sideline",
        modules=("configurator/sideline.py", "configurator/comparison.py"),
        tests=("tests/configurator", "tests/laws/test_growth_laws.py"),
    ),
    Group(
        name="cost",
        modules=("sim/cost/*.py",),
        tests=("tests/sim/cost", "tests/sim/engine/test_plans.py"),
    ),
    Group(
        name="recipes",
        modules=("learner/graph/recipes.py", "learner/graph/names.py"),
        tests=("tests/learner/graph/test_recipes.py", "tests/learner/graph/test_names.py"),
    ),
    Group(
        name="accounting",
        modules=("sim/engine/accounting.py",),
        tests=("tests/sim/engine",),
    ),
    Group(
        name="statistics",
        modules=("analysis/statistics/*.py",),
        tests=("tests/analysis/statistics",),
    ),
)
