"""What becomes of a study's runs: results, or why there are none."""

from __future__ import annotations

from collections.abc import Callable

from sim.runs.run import RunResult
from sim.scenario.scenario import Scenario

Job = tuple[Scenario, int]
"""A scenario and a seed."""

Outcome = RunResult | Exception


def outcome(run: Callable[[], RunResult]) -> Outcome:
    """The result, or why there is none: one run's failure must not cost the others."""
    try:
        return run()
    except Exception as error:  # raised again when all runs have ended
        return error
