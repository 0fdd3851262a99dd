"""What importing a module may load, what `sim` may use of SimPy, whose the packages are."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import simpy

import sim

ROOT = Path(__file__).parents[1]

# module: what must not be loaded by importing it
HEAVY = {
    "learner.spec": {"torch", "numpy", "pydantic", "simpy"},
    "learner.graph.stored_learner": {"torch", "transformers", "simpy"},
    "configurator": {"torch", "simpy", "pydantic", "numpy"},
    "traces.step": {"torch", "simpy", "matplotlib"},
    "sim.records": {"simpy", "torch", "numpy", "pydantic"},
    "sim.runlog": {"simpy", "torch", "numpy", "pydantic"},
    "sim.runs.run": {"torch", "transformers", "matplotlib"},
    "analysis": {"simpy", "torch", "matplotlib", "polars"},
    "commands.app": {"simpy", "torch", "matplotlib", "numpy"},
    "fedadapter": {"simpy", "torch", "matplotlib", "numpy", "polars"},
}


@pytest.mark.parametrize(("module", "heavy"), HEAVY.items())
def test_importing_a_module_loads_nothing_heavy(module: str, heavy: set[str]) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert not heavy & set(told.stdout.split())


@pytest.mark.parametrize(
    "name",
    [
        *("sim", "traces", "learner", "configurator", "analysis"),
        *("commands", "scenarios", "fedadapter", "fidelity", "calibration"),
    ],
)
def test_our_packages_shadow_those_of_the_same_name(name: str) -> None:
    assert ROOT in Path(str(importlib.import_module(name).__file__)).parents


def test_public_names_resolve() -> None:
    for package in ("sim", "configurator", "analysis", "fedadapter"):
        module = importlib.import_module(package)
        for name in module.__all__:
            assert getattr(module, name) is not None
        with pytest.raises(AttributeError):
            _ = module.nothing_of_this_name


SIMPY_PRIVATE = {
    name
    for file in Path(simpy.__file__).parent.rglob("*.py")
    for name in re.findall(r"\.(_[a-z]\w*)", file.read_text(encoding="utf-8"))
}
"""Attributes that SimPy's own code keeps to itself: _ok, _value, _queue, _eid ..."""


def simpy_internals_in(kind: type) -> set[str]:
    """Private attributes of SimPy that a class uses on itself, where ruff (SLF001) allows it."""
    own = re.findall(r"\b(?:self|super\(\))\.(_[a-z]\w*)", inspect.getsource(kind))
    return SIMPY_PRIVATE & set(own)


def classes_that_extend_simpy() -> Iterator[type]:
    for module in pkgutil.walk_packages(sim.__path__, "sim."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            bases = {base.__module__.partition(".")[0] for base in kind.__mro__}
            if kind.__module__ == module.name and "simpy" in bases:
                yield kind


def test_classes_that_extend_simpy_use_its_public_interface_alone() -> None:
    found = [
        f"{kind.__module__}.{kind.__name__} uses {', '.join(sorted(names))}, private to SimPy: "
        "use succeed, fail, interrupt, timeout or schedule instead"
        for kind in classes_that_extend_simpy()
        if (names := simpy_internals_in(kind))
    ]
    assert not found, "\n".join(found)


def test_a_use_of_simpys_internals_is_found() -> None:
    class Triggered(simpy.Event):
        def at_once(self) -> None:
            self._ok = True
            self._own_note = "not SimPy's"

    assert simpy_internals_in(Triggered) == {"_ok"}


def test_pytest_enters_every_directory_with_tests(pytestconfig: pytest.Config) -> None:
    """Its own list of directories to pass over has names such as `build`."""
    passed_over = pytestconfig.getini("norecursedirs")
    directories = {path.parent.relative_to(ROOT) for path in ROOT.glob("tests/**/test_*.py")}
    for directory in directories:
        for part in directory.parts:
            assert not any(fnmatch(part, pattern) for pattern in passed_over), directory
