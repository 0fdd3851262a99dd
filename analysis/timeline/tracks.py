"""Converts rows of a run to slices: rounds, trials, and the stages of clients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

from sim.records import ClientRow, ComputeRow, DecisionRow, RoundRow, TransferRow

from .trace_events import Slice

Row = Mapping[str, Any]

_ATTEMPTS = (TransferRow.row, ComputeRow.row)


def client_slices(rows: Iterable[Row]) -> dict[int, list[Slice]]:
    """Return slices by client, in id order: rounds, transfers and trainings, and time offline.

    Time offline is between an attempt interrupted by unavailability and the next attempt.
    """
    of_client: dict[int, list[Row]] = {}
    for row in rows:
        if row["row"] in (*_ATTEMPTS, ClientRow.row):
            of_client.setdefault(row["client"], []).append(row)
    return {client: _of_client(of_client[client]) for client in sorted(of_client)}


def round_slices(rows: Iterable[Row]) -> dict[str, list[Slice]]:
    """Return the rounds by branch, in order of appearance."""
    of_branch: dict[str, list[Slice]] = {}
    for row in rows:
        if row["row"] == RoundRow.row:
            of_branch.setdefault(row["branch"], []).append(_round(row))
    return of_branch


def trial_slices(rows: Sequence[Row]) -> list[Slice]:
    """Return trials with several branches, from the start of the first round to the last row."""
    spans: dict[int, tuple[float, float]] = {}
    branches: dict[int, set[str]] = {}
    for row in rows:
        if row["row"] == RoundRow.row:
            start_s, end_s = spans.get(row["trial"], (row["start_s"], row["t_s"]))
            spans[row["trial"]] = (min(start_s, row["start_s"]), max(end_s, row["t_s"]))
            branches.setdefault(row["trial"], set()).add(row["branch"])
        elif row["row"] == DecisionRow.row and row["trial"] in spans:
            spans[row["trial"]] = (spans[row["trial"]][0], row["t_s"])
    return [
        Slice(name=f"trial {trial}", start_s=start_s, end_s=end_s)
        for trial, (start_s, end_s) in spans.items()
        if len(branches[trial]) > 1
    ]


def config_text(config: Mapping[str, Any]) -> str:
    """Return a configuration as its kind and sizes, such as "adapter 3, 16"."""
    sizes = ", ".join(str(value) for key, value in config.items() if key != "kind")
    return f"{config['kind']} {sizes}".strip()


def _of_client(rows: Sequence[Row]) -> list[Slice]:
    attempts = sorted((r for r in rows if r["row"] in _ATTEMPTS), key=lambda r: r["start_s"])
    rounds = [_client_round(row) for row in rows if row["row"] == ClientRow.row]
    offline = [gap for piece in rounds for gap in _offline(piece, attempts)]
    return rounds + [_attempt(row) for row in attempts] + offline


def _client_round(row: Row) -> Slice:
    fields = ("outcome", "trial", "branch", "cache", "energy_j", "lost_s", "lost_bytes")
    seconds = ("wait_s", "down_s", "compute_s", "up_s", "idle_s", "gone_s")
    args = {key: row[key] for key in (*fields, *seconds, "down_bytes", "up_bytes")}
    name = f"round {row['round']}: {row['outcome']}"
    return Slice(name=name, start_s=row["start_s"], end_s=row["t_s"], args=args)


def _attempt(row: Row) -> Slice:
    name = {"down": "download", "up": "upload"}.get(row.get("direction", ""), "compute")
    args = {key: row[key] for key in ("bytes", "batches", "cache", "status") if key in row}
    return Slice(name=name, start_s=row["start_s"], end_s=row["t_s"], args=args)


def _offline(piece: Slice, attempts: Sequence[Row]) -> list[Slice]:
    """Time offline in a client's round: before the first attempt and after interrupted ones.

    For a client that dropped out, the time after its last attempt does not count.
    """
    inside = [r for r in attempts if piece.start_s <= r["start_s"] and r["t_s"] <= piece.end_s]
    left_s = [piece.start_s] + [r["t_s"] if r["status"] == "away" else inf for r in inside]
    back_s = [row["start_s"] for row in inside]
    if piece.args["outcome"] != "lost":
        back_s.append(piece.end_s)
    return [
        Slice(name="offline", start_s=left, end_s=back)
        for left, back in zip(left_s, back_s, strict=False)
        if left < back
    ]


def _round(row: Row) -> Slice:
    args = {
        "config": config_text(row["config"]),
        "status": row["status"],
        "clients": len(row["clients"]),
        "reports": len(row["reports"]),
        "down_bytes": row["down_bytes"],
        "up_bytes": row["up_bytes"],
        "energy_j": row["energy_j"],
        "state": row["state"],
    }
    return Slice(name=f"round {row['round']}", start_s=row["start_s"], end_s=row["t_s"], args=args)
