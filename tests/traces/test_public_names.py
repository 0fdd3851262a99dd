"""The package's front door: lazy, complete and light."""

import subprocess
import sys

import pytest

import traces


def test_every_public_name_resolves() -> None:
    assert sorted(traces._HOMES) == sorted(traces.__all__)
    for name in traces.__all__:
        assert getattr(traces, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = traces.nonsense


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, traces; print(sorted(m for m in sys.modules if m in {'numpy', 'simpy'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
