"""Finds the first round in which the learning of two runs differs.

Rounds are compared by trial, branch and lineage round, not by simulated time: another bandwidth
changes all times, but not the learning, as long as the same clients report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learner.training.numerics import Precision
from sim.records import DecisionRow, RoundRow
from sim.run_files import flatten, read_manifest, read_rows
from sim.runlog import EVENTS

_LEARNING = ("model", "task", "partition", "learner", "training", "exchange", "aggregation")
"""Parts of a scenario that change a state even if clients and configuration are the same."""

ABSENT = "(none)"
"""Stands for the value of a key that one of the runs does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """The first state of the later run that differs from the earlier run's, and why.

    `t_s`, `trial`, `branch`, `round`: where the later run made it. `field`: the first part of its
    recipe that differs, with its values in the earlier and in the later run.
    """

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
            f"{self._reason()}"
        )

    def _reason(self) -> str:
        if self.field != _NAMES["reports"]:
            return f"{self.field} is {_short(self.later)}, was {_short(self.earlier)}"
        removed = [client for client in self.earlier if client not in self.later]
        added = [client for client in self.later if client not in self.earlier]
        changes = [
            f"{text} {_clients(ids)}"
            for text, ids in (("without", removed), ("with", added))
            if ids
        ]
        return f"the cohort reports {' and '.join(changes)}"


def find_divergence(earlier: Path, later: Path) -> Divergence | None:
    """The first difference in learning; None if the earlier run has every state of the later one.

    So a run that is equal but ends sooner does not diverge.
    """
    known = {_key(row): row for row in _state_rows(earlier)}
    for row in _state_rows(later):
        counterpart = known.get(_key(row))
        if counterpart is None or counterpart["state"] != row["state"]:
            return _explain(row, counterpart, earlier, later)
    return None


def find_unscored(earlier: Path, later: Path) -> Divergence | None:
    """Where a replay without divergence lacks a score: a branch of its last trial has more or fewer
    rounds than in the earlier run, so that the trial would be decided between other states.

    None if no branch has.
    """
    last_rows = [_last_rounds(run_dir) for run_dir in (earlier, later)]
    trial = max((trial for trial, _ in last_rows[1]), default=0)
    rounds = [{b: row["round"] for (t, b), row in rows.items() if t == trial} for rows in last_rows]
    for branch in {**rounds[0], **rounds[1]}:
        was, now = (of_run.get(branch) for of_run in rounds)
        if was != now:
            return Divergence(
                t_s=max((row["t_s"] for row in read_rows(later / EVENTS)), default=0.0),
                trial=trial,
                branch=branch,
                round=now or 0,
                field=f"the last round of branch {branch} in trial {trial}",
                earlier=was,
                later=now,
            )
    return None


def _last_rounds(run_dir: Path) -> dict[tuple[int, str], dict[str, Any]]:
    """The last aggregated round of every branch, by trial and branch."""
    rows = (row for row in _state_rows(run_dir) if row["row"] == RoundRow.row)
    return {(row["trial"], row["branch"]): row for row in rows}


def precision_of(manifest: Mapping[str, Any]) -> Precision:
    """The number format in which a run trained; fp32 if it trained nothing."""
    return manifest.get("precision") or "fp32"


def _state_rows(run_dir: Path) -> Iterator[dict[str, Any]]:
    """The rows that make or choose a state: aggregated rounds, abandoned rounds, decisions."""
    rules = read_manifest(run_dir)["scenario"].get("rounds", {})
    abandons = rules.get("on_failure") == "abandon"
    for row in read_rows(run_dir / EVENTS):
        is_round = row["row"] == RoundRow.row
        if row["row"] == DecisionRow.row or (is_round and row["status"] == "done"):
            yield row
        elif is_round and row["status"] == "failed" and abandons:
            yield {**row, "round": row["round"] + 1}  # it counts, but its row has the round before


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Identifies the row of the other run with which a row is compared."""
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
    """The first part of the recipe that differs, and its values in both runs."""
    if counterpart is None:
        return "the lineage", "without this round", "one round longer"
    keys = _DECISION_KEYS if row["row"] == DecisionRow.row else _ROUND_KEYS
    for key in keys:
        if row.get(key) != counterpart.get(key):
            return _NAMES[key], counterpart.get(key), row.get(key)
    manifests = [read_manifest(run_dir) for run_dir in (earlier, later)]
    scenarios = [flatten(manifest["scenario"]) for manifest in manifests]
    for key in {**scenarios[0], **scenarios[1]}:
        was, now = (scenario.get(key, ABSENT) for scenario in scenarios)
        if was != now and key.split(".")[0] in _LEARNING:
            return key, was, now
    seeds = [manifest["seed"] for manifest in manifests]
    if seeds[0] != seeds[1]:
        return "seed", seeds[0], seeds[1]
    key = "base" if row["row"] == RoundRow.row and row["base"] != counterpart["base"] else "state"
    return f"the {key} state", counterpart[key], row[key]


_DECISION_KEYS = ("rounds", "chosen", "config")
_ROUND_KEYS = ("config", "plan", "reports", "parts")

_NAMES = {
    "rounds": "the rounds of the branches",
    "chosen": "the decision",
    "config": "the configuration",
    "plan": "the plan",
    "reports": "the cohort that reported",
    "parts": "who trains what",
}


def _clients(ids: Sequence[int]) -> str:
    noun = "client" if len(ids) == 1 else "clients"
    return f"{noun} {', '.join(map(str, ids))}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
