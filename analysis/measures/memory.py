"""Shares of the fleet without the memory for a configuration of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.reading.run import Run
from sim.records import RefusalRow


def excluded_shares(run: Run) -> dict[str, float]:
    """Return the share (0-1) of the fleet that cannot train a configuration, in order of use."""
    rows = run.events.rows(RefusalRow)
    return {_named(row["config"]): float(row["share"]) for row in rows}


def excluded_share(run: Run) -> float:
    """Return the largest excluded share; 0 if every device can train every configuration."""
    return max(excluded_shares(run).values(), default=0.0)


def _named(config: Mapping[str, Any]) -> str:
    """A short name of a configuration, such as "adapter (3, 16)" or "full"."""
    sizes = [str(value) for key, value in config.items() if key != "kind" and value is not None]
    return f"{config['kind']} ({', '.join(sizes)})" if sizes else str(config["kind"])
