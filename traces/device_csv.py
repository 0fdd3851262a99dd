"""Devices that a user measured, from CSV: from one figure a device to a row for each tuned depth.

The columns `device` and `seconds_per_batch` are needed. An empty cell, or a column that is absent,
means: `model`, `batch_size`, `tokens`: those of the scenario; `row`: full; `depth`: all layers;
`tuning`, `size`: any; `memory_gb`: not measured; `compute_w`, `radio_w`, `idle_w`: 0; `source`: the
file. Delimiter and decimal sign are found; where it is a comma, no number may have a point. Lines
that begin with # are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

from .formats.decimals import decimal_in, plain_number
from .formats.delimited import read_table
from .formats.source import Source
from .published import Row

COLUMNS = (
    *("device", "model", "batch_size", "tokens", "row", "depth", "tuning", "size"),
    *("seconds_per_batch", "memory_gb", "compute_w", "radio_w", "idle_w", "source"),
)
_NEEDED = ("device", "seconds_per_batch")
_OF_A_DEVICE = ("model", "batch_size", "tokens", "compute_w", "radio_w", "idle_w", "source")
_NUMBERS = set(COLUMNS) - {"device", "model", "row", "tuning", "source"}
_Line = tuple[int, Mapping[str, str]]

Tuning = Literal["adapter", "lora"]
"""What the rows adapter and adapter_cached were measured with."""

TEMPLATE = f"""\
# Devices for fleet.device_file: one line for each measured figure. Needed: device and
# seconds_per_batch, of one training step. An empty cell means:
#   model, batch_size, tokens   those of the scenario
#   row                         full; or adapter, adapter_cached, full_cached (what is trained)
#   depth                       all layers
#   tuning, size                of the rows adapter and adapter_cached: adapter or lora, and the
#                               adapters' width or the rank: any
#   memory_gb                   peak of training, 10^9 bytes: not measured
#   compute_w, radio_w, idle_w  watts: 0
# Figures at every depth are used as they are; from fewer, the other seconds are scaled by the
# analytic cost model, and everything that is printed says so.
{",".join(COLUMNS)}
my-phone,,,,,,,,0.50,,3.0,1.0,,one figure: full fine-tuning of the scenario's model
my-board,bert-base,4,256,full,12,,,1.70,5.3,12.0,4.0,1.5,two figures of BERT-base
my-board,bert-base,4,256,adapter_cached,2,adapter,8,0.18,0.9,12.0,4.0,1.5,two figures of BERT-base
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Measured seconds of one training step. `depth` None: all layers. `line`: in the file.

    `tuning`, `size` (adapters' width, or LoRA rank): None: not stated, any.
    """

    seconds: float
    row: Row = "full"
    depth: int | None = None
    tuning: Tuning | None = None
    size: int | None = None
    memory_gb: float | None = None
    line: int = 1


class Watts(NamedTuple):
    """Drawn while computing, communicating, and waiting or idle in a round."""

    compute_w: float
    radio_w: float
    idle_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredDevice:
    """A device's figures, all of one model and batch (None: the scenario's)."""

    name: str
    figures: Sequence[Figure]
    source: Source
    model: str | None
    batch_size: int | None
    tokens: int | None
    watts: Watts
    told: str = ""


def load_devices(path: str | Path) -> dict[str, MeasuredDevice]:
    """Devices by name. Raises TraceError with file, line and rule."""
    source = Source.open(path)
    lines = sorted(_lines(source), key=lambda line: line[1]["device"])
    groups = groupby(lines, key=lambda line: line[1]["device"])
    return {name: _device(source, name, list(group)) for name, group in groups}


def _lines(source: Source) -> list[_Line]:
    """Line number and cells by column of each row, with decimal points."""
    table = read_table(source, header=True, needed=_NEEDED)
    names = [name.strip().casefold() for name in table.names]
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            rule = "is there twice" if name in COLUMNS else f"must be one of {', '.join(COLUMNS)}"
            raise source.error(f"column {name!r} {rule}")
    numbers = [i for i, name in enumerate(names) if name in _NUMBERS]
    decimal = decimal_in(table, numbers)
    found: list[_Line] = []
    for line, row in table.rows:
        cells = dict.fromkeys(COLUMNS, "") | dict(zip(names, row, strict=True))
        found.append((line, cells | {n: plain_number(cells[n], decimal) for n in _NUMBERS}))
    return found


def _device(source: Source, name: str, lines: list[_Line]) -> MeasuredDevice:
    first_line, first = lines[0]
    if not name:
        raise source.error("device must have a name", first_line)
    for column in _OF_A_DEVICE:
        for line, cells in lines:
            if cells[column] != first[column]:
                raise source.error(f"device {name}: {column} must be the same in every row", line)
    figures = [_figure(source, line, cells) for line, cells in lines]
    places = [(figure.row, figure.depth) for figure in figures]
    for i, (figure, place) in enumerate(zip(figures, places, strict=True)):
        if place in places[:i]:
            at = "all layers" if figure.depth is None else f"depth {figure.depth}"
            raise source.error(f"device {name} has row {figure.row} at {at} twice", figure.line)
    return MeasuredDevice(
        name=name,
        figures=tuple(figures),
        source=source,
        model=first["model"] or None,
        batch_size=_count(source, first, "batch_size", first_line, 1),
        tokens=_count(source, first, "tokens", first_line, 1),
        watts=Watts(
            *(
                source.number(first[key], key, first_line) if first[key] else 0.0
                for key in Watts._fields
            )
        ),
        told=first["source"],
    )


def _figure(source: Source, line: int, cells: Mapping[str, str]) -> Figure:
    row = cells["row"] or "full"
    if row not in get_args(Row):
        raise source.error(f"row must be one of {', '.join(get_args(Row))}, got {row!r}", line)
    seconds = source.number(cells["seconds_per_batch"], "seconds_per_batch", line)
    if seconds == 0.0:
        raise source.error("seconds_per_batch must be above 0, got 0", line)
    tuning, size = _add_on(source, row, cells, line)
    peak = cells["memory_gb"]
    return Figure(
        seconds=seconds,
        row=cast(Row, row),
        depth=_count(source, cells, "depth", line, 0),
        tuning=tuning,
        size=size,
        memory_gb=source.number(peak, "memory_gb", line) if peak else None,
        line=line,
    )


def _add_on(
    source: Source, row: str, cells: Mapping[str, str], line: int
) -> tuple[Tuning | None, int | None]:
    """The kind and the size of a row's add-ons."""
    tuning, size = cells["tuning"], _count(source, cells, "size", line, 1)
    if tuning not in ("", *get_args(Tuning)):
        raise source.error(f"tuning must be adapter, lora or empty, got {tuning!r}", line)
    if row.startswith("full") and (tuning or size):
        raise source.error(
            f"tuning and size must be empty in row {row}, which has no add-ons", line
        )
    if size and not tuning:
        raise source.error(
            f"size must have its tuning (adapter or lora) beside it, got {size}", line
        )
    return cast(Tuning, tuning) if tuning else None, size


def _count(
    source: Source, cells: Mapping[str, str], column: str, line: int, least: int
) -> int | None:
    """A whole number; None for an empty cell."""
    if not cells[column]:
        return None
    number = source.number(cells[column], column, line, low=least)
    if number != int(number):
        raise source.error(f"{column} must be a whole number, got {cells[column]}", line)
    return int(number)
