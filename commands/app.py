"""The command line as a whole: its families of commands, its errors and its exit status."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from threading import Timer, main_thread
from typing import Annotated, NoReturn

import typer

from sim.runlog import RunError

from . import (
    calibrate,
    devices,
    explore,
    exports,
    profile,
    replays,
    reports,
    results,
    runs,
    scenarios,
    store,
    studies,
    traces,
)
from .display import errors

app = typer.Typer(
    help="Simulate federated fine-tuning: simulated time, real training.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for family in (
    studies,
    runs,
    replays,
    explore,
    results,
    reports,
    exports,
    scenarios,
    devices,
    profile,
    calibrate,
):
    app.add_typer(family.app)
app.add_typer(traces.app, name="traces")
app.add_typer(store.app, name="store")

_INTERRUPTED = 130
"""Exit status after Ctrl-C, by the convention of shells."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fedadapter {version('fedadapter-sim')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Options that stand before the command."""


def main() -> None:
    """Run the command line. Bad input prints one line on standard error; the exit status is 2.

    Modules in the working directory can be named as `module:Class` (sim.scenario.own).
    """
    sys.path.append(os.getcwd())
    sys.unraisablehook = interrupt_again
    try:
        status = app(prog_name="fedadapter", standalone_mode=False)
        if status == _INTERRUPTED and "torch" in sys.modules:
            os._exit(status)  # every file is written, and unloading torch takes seconds
        sys.exit(status)
    except typer.TyperException as error:
        if not error.format_message():  # no command was given, and the help has been printed
            sys.exit(2)
        _refuse(error.format_message())
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (ValueError, RunError) as error:
        _refuse(str(error))


def interrupt_again(dropped: sys.UnraisableHookArgs) -> None:
    """Python drops a Ctrl-C that arrives while an object is destroyed: let it come again."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    again = Timer(0.02, signal.pthread_kill, (main_thread().ident, signal.SIGINT))
    again.daemon = True
    again.start()


def _refuse(reason: str) -> NoReturn:
    errors.print(f"fedadapter: {' '.join(reason.split())}")
    sys.exit(2)
