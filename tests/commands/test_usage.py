"""Usage errors and help: one line and status 2, or what was asked for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from commands import app

CLOCK = Path(__file__).parents[2] / "scenarios/paper/clock/agnews-88.yaml"

Call = Callable[..., tuple[int, str, str]]


def commands(known: object, *words: str) -> Iterator[tuple[str, ...]]:
    """The words of every command and group: (), ("run",), ("traces",), ("traces", "info") ..."""
    yield words
    if isinstance(known, typer.core.TyperGroup):
        for name, command in known.commands.items():
            yield from commands(command, *words, name)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("demo", "--workers", 0), "'--workers': Input should be greater than or equal to 1"),
        (("run", CLOCK, "--seed", -1), "'--seed': Input should be greater than or equal to 0"),
        (("frob",), "No such command 'frob'"),
        (("traces", "frob"), "No such command 'frob'"),
        (("run", CLOCK, "--frob"), "No such option: --frob"),
        (("run",), "Missing argument 'SCENARIO.yaml'"),
        (("traces", "convert", "x"), "Missing option '--to'. Choose from: sabre, csv, mahimahi"),
    ],
)
def test_a_usage_error_is_one_line(
    call: Call, arguments: tuple[object, ...], complaint: str
) -> None:
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("fedadapter: ")
    assert complaint in err
    assert err.count("\n") == 1


def test_help_is_shown_when_asked_for_and_when_nothing_is(call: Call) -> None:
    status, out, err = call("run", "--help")
    assert (status, err) == (0, "")
    assert "Run one scenario" in out
    status, out, err = call()
    assert (status, err) == (2, "")
    assert "Commands" in out


@pytest.mark.parametrize("words", list(commands(typer.main.get_command(app.app))))
def test_every_command_knows_both_names_of_help(call: Call, words: tuple[str, ...]) -> None:
    status, short, err = call(*words, "-h")
    assert (status, err) == (0, "")
    assert "Usage: fedadapter" in short
    assert call(*words, "--help") == (0, short, "")


def test_the_version_is_that_of_the_installed_package(call: Call) -> None:
    assert call("--version") == (0, f"fedadapter {version('fedadapter-sim')}\n", "")


def test_an_interrupt_that_python_drops_comes_again() -> None:
    code = """
import signal, sys, time
from commands.app import interrupt_again

class Late:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

sys.unraisablehook = interrupt_again
try:
    Late()
    time.sleep(60)  # ends at once, by the signal
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
