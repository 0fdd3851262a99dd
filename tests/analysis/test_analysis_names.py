"""Public names of the package, and what importing them loads."""

import subprocess
import sys

import pytest

import analysis


def loaded_after(statement: str) -> str:
    heavy = ("matplotlib", "polars", "simpy", "torch", "sim.runs.run", "learner")
    script = f"import sys\n{statement}\nprint([m for m in {heavy} if m in sys.modules])"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import analysis") == "[]"


def test_analysis_works_without_the_engine() -> None:
    used = "from analysis import load_study, save_figure, table_rows, time_to_accuracy"
    assert loaded_after(used) == "['matplotlib', 'polars']"


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(callable(getattr(analysis, name)) for name in analysis.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        analysis.nonsense  # noqa: B018
