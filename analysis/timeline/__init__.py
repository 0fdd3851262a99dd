"""Exports a run as a timeline for Perfetto (ui.perfetto.dev) and chrome://tracing.

The `log` level of the scenario decides what it shows. `rounds`: the tracks of the server.
`clients`: also the rounds of each client. `all`: also every download, training and upload.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any

from sim.records import ClientRow, DecisionRow, DropoutRow, TransferRow
from sim.run_files import Manifest, read_manifest, read_rows
from sim.runlog import EVALUATIONS, EVENTS

from .counters import bytes_in_flight, link_mbit_per_s
from .lanes import lanes
from .trace_events import Event, Slice, complete, counter, instant, names
from .tracks import (
    Row,
    client_slices,
    config_text,
    round_slices,
    trial_slices,
)

SERVER, CLIENTS = 1, 2
"""Process ids; Perfetto shows one group of tracks per process."""

LACKS = "not in this run's log"
"""Key of `otherData`: what the timeline cannot show, and which level of the log has it."""

TRIALS = 1
"""Track id of trials and decisions; one track per branch follows."""


def timeline(
    run_dir: Path,
    *,
    from_s: float = 0.0,
    to_s: float = inf,
    clients: Sequence[Collection[int]] | None = None,
) -> dict[str, Any]:
    """Return the run as a Chrome Trace Event object, limited to simulated seconds from_s to to_s.

    `clients`: sets or ranges of clients to show (None: all); the counters of the server are over
    all clients in any case. Raises ValueError for a directory that is not a run directory, an empty
    interval, or a client without rows in it.
    """
    if not from_s < to_s:
        raise ValueError(f"--to must be above --from {from_s:g}, got {to_s:g}")
    manifest = read_manifest(run_dir)
    rows, kinds = _in_interval(read_rows(run_dir / EVENTS), from_s, to_s)
    evaluations = read_rows(run_dir / EVALUATIONS)
    seen = [r for r in evaluations if from_s <= r["t_s"] <= to_s]
    return {
        "displayTimeUnit": "ms",
        "otherData": _metadata(manifest, kinds),
        "traceEvents": [
            *_server(rows),
            *_counters(rows),
            *_accuracy(seen, manifest["scenario"]["evaluation"]["report_on"]),
            *_clients(rows, clients),
        ],
    }


def _in_interval(events: Iterable[Row], from_s: float, to_s: float) -> tuple[list[Row], set[str]]:
    """The rows that overlap the interval, and the kinds of all rows; the log is not kept."""
    rows, kinds = [], set()
    for row in events:
        kinds.add(row["row"])
        if row["t_s"] >= from_s and row.get("start_s", row["t_s"]) <= to_s:
            rows.append(row)
    return rows, kinds


def _metadata(manifest: Manifest, kinds: Collection[str]) -> dict[str, Any]:
    shown = {ClientRow.row: "rounds of clients", TransferRow.row: "transfers and training"}
    missing = [text for kind, text in shown.items() if kind not in kinds]
    data = {"run": manifest["name"], "seed": manifest["seed"], "time": "simulated"}
    if missing:
        both = "`log: clients` writes the first, `log: all` both"
        data[LACKS] = f"{' and '.join(missing)}; {both if missing[1:] else '`log: all` has them'}"
    return data


def _server(rows: Sequence[Row]) -> Iterator[Event]:
    branches = round_slices(rows)
    tracks = {TRIALS: "trials and decisions"}
    for tid, (branch, pieces) in enumerate(branches.items(), start=TRIALS + 1):
        tracks[tid] = f"rounds: {branch}"
        yield from (complete(SERVER, tid, piece) for piece in pieces)
    yield from (complete(SERVER, TRIALS, piece) for piece in trial_slices(rows))
    for row in rows:
        if row["row"] == DecisionRow.row:
            name = f"{row['chosen']}: {config_text(row['config'])}"
            args = {key: row[key] for key in ("scores", "rounds", "spent_bytes", "spent_j")}
            yield instant(SERVER, TRIALS, name, row["t_s"], args)
    yield from names(SERVER, "server", tracks)


def _counters(rows: Sequence[Row]) -> Iterator[Event]:
    moved = [row for row in rows if row["row"] == TransferRow.row]
    steps = {
        "bytes in flight": bytes_in_flight(moved),
        "server sends, Mbit/s": link_mbit_per_s(moved, "down"),
        "server receives, Mbit/s": link_mbit_per_s(moved, "up"),
    }
    for name, values in steps.items():
        yield from (counter(SERVER, name, t_s, value) for t_s, value in values)


def _accuracy(evaluations: Sequence[Row], split: str) -> Iterator[Event]:
    for row in evaluations:
        if row["split"] == split:
            yield counter(SERVER, f"{split} accuracy", row["t_s"], row["accuracy"])


def _clients(rows: Sequence[Row], wanted: Sequence[Collection[int]] | None) -> Iterator[Event]:
    of_client = client_slices(rows)
    if wanted is not None and not any(client in ids for client in of_client for ids in wanted):
        raise ValueError("--clients: none of them has rows in the part of the run that is shown")
    tracks: dict[int, str] = {}
    first: dict[int, int] = {}
    for client, pieces in of_client.items():
        if wanted is not None and not any(client in ids for ids in wanted):
            continue
        first[client] = len(tracks) + 1
        for tid, name, piece in _in_lanes(client, pieces, len(tracks) + 1):
            tracks[tid] = name
            yield complete(CLIENTS, tid, piece)
    for row in rows:
        if row["row"] == DropoutRow.row and row["client"] in first:
            name = f"lost ({row['reason']})"
            yield instant(CLIENTS, first[row["client"]], name, row["t_s"], {"stage": row["stage"]})
    if tracks:
        yield from names(CLIENTS, "clients", tracks)


def _in_lanes(
    client: int, pieces: Sequence[Slice], first_tid: int
) -> Iterator[tuple[int, str, Slice]]:
    for number, lane in enumerate(lanes(pieces)):
        name = f"client {client}" + (f" ({number + 1})" if number else "")
        for piece in lane:
            yield first_tid + number, name, piece
