"""One run of a study: a scenario with a seed, and its result or error."""

from __future__ import annotations

from collections.abc import Callable

from sim.runs.run import RunResult
from sim.scenario.scenario import Scenario

StudyRun = tuple[Scenario, int]
"""A scenario and a seed."""

ResultOrError = RunResult | Exception


def result_or_error(run: Callable[[], RunResult]) -> ResultOrError:
    """The result of `run`, or the exception that it raised, so that other runs can continue."""
    try:
        return run()
    except Exception as error:  # raised again when all runs have ended
        return error
