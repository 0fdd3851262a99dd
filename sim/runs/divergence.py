"""Where the learning of two runs parts.

Logs differ as soon as a bandwidth does. Learning differs only where a state is made in another
way: rounds are compared by branch and lineage round, whatever their simulated times.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learner.training.numerics import Precision
from sim.records import DecisionRow, RoundRow
from sim.run_files import read_manifest, read_rows
from sim.runlog import EVENTS

_LEARNING = ("model", "task", "partition", "learner", "training", "exchange", "aggregation")
"""Parts of a scenario that make states differ with the same clients and configuration."""

ABSENT = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first state that is not the earlier run's: when and where it is made in the later run,
    and `field`, the part of the recipe behind it, with what was and what is."""

    t_s: float
    trial: int
    branch: str
    round: int
    field: str
    earlier: Any
    later: Any

    def __str__(self) -> str:
        return (
            f"learning diverges at simulated second {self.t_s:.6g}, round {self.round}: "
            f"{self._what()}"
        )

    def _what(self) -> str:
        if self.field != _NAMES["reports"]:
            return f"{self.field} is {_short(self.later)}, was {_short(self.earlier)}"
        gone = [client for client in self.earlier if client not in self.later]
        new = [client for client in self.later if client not in self.earlier]
        changes = [
            f"{text} {_listed(ids)}" for text, ids in (("without", gone), ("with", new)) if ids
        ]
        return f"the cohort reports {' and '.join(changes)}"


def find_divergence(earlier: Path, later: Path) -> Divergence | None:
    """Where the later run's learning leaves the earlier's; None while each of its states is one of
    the earlier run's. A run that ends sooner does not diverge."""
    known = {_place(row): row for row in _steps(earlier)}
    for row in _steps(later):
        counterpart = known.get(_place(row))
        if counterpart is None or counterpart["state"] != row["state"]:
            return _explain(row, counterpart, earlier, later)
    return None


def precision_of(manifest: Mapping[str, Any]) -> Precision:
    """The number format in which the run trained; fp32 for one that trained nothing."""
    return manifest.get("precision") or "fp32"


def _steps(run_dir: Path) -> Iterator[dict[str, Any]]:
    """The rows that make or choose states: aggregated rounds, rounds that were abandoned and so
    count as aggregations of nothing, and decisions."""
    rules = read_manifest(run_dir)["scenario"].get("rounds", {})
    does_failure_count = rules.get("on_failure") == "abandon"
    for row in read_rows(run_dir / EVENTS):
        is_round = row["row"] == RoundRow.row
        if row["row"] == DecisionRow.row or (is_round and row["status"] == "done"):
            yield row
        elif is_round and row["status"] == "failed" and does_failure_count:
            yield {**row, "round": row["round"] + 1}  # it is told by the rounds before it


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a step is compared by."""
    if row["row"] == DecisionRow.row:
        return ("decision", row["trial"])
    return (row["trial"], row["branch"], row["round"])


def _explain(
    row: Mapping[str, Any], counterpart: Mapping[str, Any] | None, earlier: Path, later: Path
) -> Divergence:
    field, was, now = _recipe_field(row, counterpart, earlier, later)
    is_round = row["row"] == RoundRow.row
    return Divergence(
        t_s=row["t_s"],
        trial=row["trial"],
        branch=row["branch"] if is_round else row["chosen"],
        round=row["round"] if is_round else row["lineage_round"],
        field=field,
        earlier=was,
        later=now,
    )


def _recipe_field(
    row: Mapping[str, Any], counterpart: Mapping[str, Any] | None, earlier: Path, later: Path
) -> tuple[str, Any, Any]:
    """The part of the recipe that differs, as it was and as it is."""
    if counterpart is None:
        return "the lineage", "not so long or not there", "one step more"
    keys = ("chosen", "config") if row["row"] == DecisionRow.row else ("config", "reports")
    for key in keys:
        if row[key] != counterpart[key]:
            return _NAMES[key], counterpart[key], row[key]
    scenarios = [flat(read_manifest(place)["scenario"]) for place in (earlier, later)]
    for key in {**scenarios[0], **scenarios[1]}:
        was, now = (scenario.get(key, ABSENT) for scenario in scenarios)
        if was != now and key.split(".")[0] in _LEARNING:
            return key, was, now
    seeds = [read_manifest(place)["seed"] for place in (earlier, later)]
    if seeds[0] != seeds[1]:
        return "seed", seeds[0], seeds[1]
    key = "base" if row["row"] == RoundRow.row and row["base"] != counterpart["base"] else "state"
    return f"the {key} state", counterpart[key], row[key]


_NAMES = {
    "chosen": "the decision",
    "config": "the configuration",
    "reports": "the cohort that reported",
}


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """A scenario's leaves by dotted path; lists are leaves."""
    if not isinstance(value, Mapping) or not value:
        return {path: value}
    return {
        key: leaf
        for name, below in value.items()
        for key, leaf in flat(below, f"{path}.{name}" if path else str(name)).items()
    }


def _listed(ids: Sequence[int]) -> str:
    noun = "client" if len(ids) == 1 else "clients"
    return f"{noun} {', '.join(map(str, ids))}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
