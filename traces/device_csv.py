"""Devices that a user measured, from CSV: one row for each tuned depth of each training row.

Columns: device, model, batch_size, tokens, row, depth, seconds_per_batch, memory_gb (may be
empty), compute_w, radio_w. Depths of a row run from 0 without a gap.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import cast, get_args

from traces.formats.delimited import records_of

from .formats.source import Source
from .profiles import DeviceProfile
from .published import LatencyTable, Row

COLUMNS = (
    *("device", "model", "batch_size", "tokens", "row", "depth"),
    *("seconds_per_batch", "memory_gb", "compute_w", "radio_w"),
)
_Line = tuple[int, dict[str, str]]


def load_devices(path: str | Path) -> dict[str, DeviceProfile]:
    """Profiles by device name. Raises TraceError with file, line and rule."""
    source = Source.open(path)
    lines = sorted(records_of(source, COLUMNS), key=lambda line: line[1]["device"])
    groups = groupby(lines, key=lambda line: line[1]["device"])
    return {name: _device(source, name, list(group)) for name, group in groups}


def to_csv(profiles: Sequence[DeviceProfile]) -> str:
    """The CSV of profiles, with their factors multiplied out; load_devices reads it back."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for profile in profiles:
        table = profile.table
        for row, seconds in table.seconds.items():
            memory = table.memory_gb.get(row, ())
            for depth, seconds_per_batch in enumerate(seconds):
                fixed = (profile.name, table.model, table.batch_size, table.tokens, row, depth)
                memory_gb = memory[depth] if memory else ""
                measured = (seconds_per_batch * profile.factor, memory_gb)
                writer.writerow((*fixed, *measured, profile.compute_w, profile.radio_w))
    return out.getvalue()


def _device(source: Source, name: str, lines: list[_Line]) -> DeviceProfile:
    first_line, first = lines[0]
    for column in ("model", "batch_size", "tokens", "compute_w", "radio_w"):
        for line, fields in lines:
            if fields[column] != first[column]:
                raise source.error(f"device {name}: {column} must be the same in every row", line)
    by_row = sorted(lines, key=lambda line: line[1]["row"])
    rows = {row: list(group) for row, group in groupby(by_row, key=lambda line: line[1]["row"])}
    for row, group in rows.items():
        if row not in get_args(Row):
            raise source.error(f"row must be one of {', '.join(get_args(Row))}", group[0][0])
    table = LatencyTable(
        model=first["model"],
        batch_size=int(source.number(first["batch_size"], "batch_size", first_line, low=1)),
        tokens=int(source.number(first["tokens"], "tokens", first_line, low=1)),
        factor=1.0,
        seconds={
            cast(Row, row): _by_depth(source, "seconds_per_batch", group)
            for row, group in rows.items()
        },
        memory_gb={
            cast(Row, row): _by_depth(source, "memory_gb", group)
            for row, group in rows.items()
            if all(fields["memory_gb"].strip() for _, fields in group)
        },
    )
    return DeviceProfile(
        name=name,
        factor=1.0,
        compute_w=source.number(first["compute_w"], "compute_w", first_line),
        radio_w=source.number(first["radio_w"], "radio_w", first_line),
        table=table,
        sources=(f"measured: {source.path}",),
    )


def _by_depth(source: Source, column: str, lines: list[_Line]) -> tuple[float, ...]:
    found = {
        source.number(fields["depth"], "depth", line): source.number(fields[column], column, line)
        for line, fields in lines
    }
    if sorted(found) != list(range(len(lines))):
        raise source.error("depths of a row must run from 0, each once", lines[0][0])
    return tuple(found[depth] for depth in sorted(found))
