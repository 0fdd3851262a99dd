"""Client updates of rounds, to put arms of several modes on one axis.

A round is the work of a cohort in mode sync, and one or a few updates in modes async and buffered.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.reading.run import Run


def has_mixed_modes(runs: Sequence[Run]) -> bool:
    """Whether a round is not the same work in all runs, since their modes differ."""
    return len({_mode(run) for run in runs}) > 1


def updates_a_round(run: Run) -> int:
    """Return the client updates that a round asks for: participants, 1 (async) or the buffer."""
    rounds, mode = run.manifest["scenario"].get("rounds", {}), _mode(run)
    if mode == "async":
        return 1
    return int(rounds.get("buffer" if mode == "buffered" else "participants", 1))


def _mode(run: Run) -> str:
    return str(run.manifest["scenario"].get("rounds", {}).get("mode", "sync"))
