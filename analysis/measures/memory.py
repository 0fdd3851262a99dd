"""Which part of the fleet has too little memory for what a run wanted to train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.reading.load import Run
from sim.records import RefusalRow


def excluded_shares(run: Run) -> dict[str, float]:
    """By configuration, as the policy named it first, the share (0-1) of the fleet refused it."""
    rows = (row for row in run.events.index.others if row.get("row") == RefusalRow.row)
    return {_named(row["config"]): float(row["share"]) for row in rows}


def excluded_share(run: Run) -> float:
    """The largest of them; 0 where every device could train everything."""
    return max(excluded_shares(run).values(), default=0.0)


def _named(config: Mapping[str, Any]) -> str:
    """A configuration in short, such as "adapter (3, 16)" or "full"."""
    sizes = [str(value) for key, value in config.items() if key != "kind" and value is not None]
    return f"{config['kind']} ({', '.join(sizes)})" if sizes else str(config["kind"])
