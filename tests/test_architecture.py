"""What importing a module may load, and that the packages are this repository's."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# module: what must not be loaded by importing it
HEAVY = {
    "learner.spec": {"torch", "numpy", "pydantic", "simpy"},
    "learner.graph.stored_learner": {"torch", "transformers", "simpy"},
    "configurator": {"torch", "simpy", "pydantic", "numpy"},
    "traces.step": {"torch", "simpy", "matplotlib"},
    "sim.records": {"simpy", "torch", "numpy", "pydantic"},
    "sim.runlog": {"simpy", "torch", "numpy", "pydantic"},
    "sim.run": {"torch", "transformers", "matplotlib"},
    "analysis": {"simpy", "torch", "matplotlib", "polars"},
    "fedadapter": {"simpy", "torch", "matplotlib", "numpy"},
}


@pytest.mark.parametrize(("module", "heavy"), HEAVY.items())
def test_importing_a_module_loads_nothing_heavy(module: str, heavy: set[str]) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert not heavy & set(told.stdout.split())


@pytest.mark.parametrize(
    "name", ["sim", "traces", "learner", "configurator", "analysis", "fedadapter"]
)
def test_our_packages_shadow_those_of_the_same_name(name: str) -> None:
    assert ROOT in Path(str(importlib.import_module(name).__file__)).parents


def test_public_names_resolve() -> None:
    for package in ("sim", "configurator", "analysis"):
        module = importlib.import_module(package)
        for name in module.__all__:
            assert getattr(module, name) is not None
        with pytest.raises(AttributeError):
            _ = module.nothing_of_this_name
