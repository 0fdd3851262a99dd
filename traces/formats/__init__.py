"""Readers of trace files by format, and how a file's format is found."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from traces.recording import NotATraceError, Recording, TraceError

from . import (
    alphartc,
    aware,
    columns,
    fedscale_behaviour,
    fedscale_capacity,
    flame,
    flash,
    genet,
    gnettrack,
    iperf3,
    mahimahi,
    nyu_mets,
    pensieve,
    sabre,
    simgrid,
    six_columns,
    starlink,
    table,
    windows,
)
from .delimited import header_of
from .options import OptionError, converted
from .plausible import with_doubts
from .source import Source

_MOST_COLUMNS = 40

READERS: dict[str, ModuleType] = {
    "mahimahi": mahimahi,
    "pensieve": pensieve,
    "sabre": sabre,
    "hsdpa": six_columns,
    "ghent": six_columns,
    "gnettrack": gnettrack,
    "nyu-mets": nyu_mets,
    "starlink": starlink,
    "iperf3": iperf3,
    "genet": genet,
    "alphartc": alphartc,
    "simgrid": simgrid,
    "csv": table,
    "fedscale-capacity": fedscale_capacity,
    "fedscale-behaviour": fedscale_behaviour,
    "flash": flash,
    "flame": flame,
    "aware": aware,
    "windows": windows,
}
"""The module that reads each format. No content is taken by two, so the order says nothing.

A module has `sniff(source)` and `read`, whose keywords are the options of the format; csv, which
has many, declares them in the class `Options`.
"""


def read(source: Source, format: str | None = None, **options: object) -> Recording:
    """The one recording in a file. Raises TraceError if it holds several runs, and as read_all."""
    found = read_all(source, format, **options)
    if len(found) > 1:
        runs = ", ".join(found)[:100]
        raise source.error(f"holds {len(found)} runs ({runs}): choose one with the option only")
    (recording,) = found.values()
    return recording


def read_all(
    source: Source, format: str | None = None, **options: object
) -> Mapping[str, Recording]:
    """Every recording in a file by run ("" for a file of one), in the order of the file.

    The format is the named one, else the one that the options belong to, else the one that the
    content is found to have. options: those of the format's reader, as text or as values.
    Raises TraceError; NotATraceError if the file is none of that format.
    """
    name = format or _format_of(options) or detect(source)
    if name not in READERS:
        raise source.error(f"unknown format {name!r}; known: {', '.join(READERS)}")
    reader = READERS[name]
    try:
        if hasattr(reader, "Options"):
            found = reader.read(source, reader.Options(**converted(reader.Options, options)))
        else:
            found = reader.read(source, **converted(reader.read, options))
    except TraceError as error:
        if isinstance(error, NotATraceError) or _is_of(name, source):
            raise
        raise NotATraceError(source.path, error.rule, error.line) from None
    except OptionError as error:
        raise source.error(f"format {name} has {error}") from None
    recordings = found if isinstance(found, Mapping) else {"": found}
    return {run: with_doubts(recording) for run, recording in recordings.items()}


def _format_of(options: Mapping[str, object]) -> str | None:
    """The format that some options belong to alone: whoever names columns has a table."""
    if "down" in options or "up" in options:
        return "csv"
    return "windows" if "start" in options or "device" in options else None


def _is_of(name: str, source: Source) -> bool:
    """Whether a file looks like one of a format. A table cannot: its columns are declared."""
    if name in ("csv", "windows"):
        return True
    try:
        return bool(READERS[name].sniff(source))
    except TraceError:
        return False


_TABLES = (
    ("screen_status", "a screen log says nothing of charging: load the battery log"),
    ("bandwidth_Mbps", "one speed test a row: static capacities, not a trace over time"),
    ("dl_mbps", "one speed test a row: static capacities, not a trace over time"),
    ("fp16_mem", "a table of devices, not a trace over time"),
    ("train_time_s", "a table of training times, not a trace over time"),
)
"""Columns of known tables that hold no trace, and what to say of each."""


def detect(source: Source) -> str:
    """The name of the format that the content has. Raises NotATraceError if none is recognised."""
    if not source.data.strip():
        raise NotATraceError(source.path, "the file is empty")
    if source.data.startswith(b"PK\x03\x04"):
        raise NotATraceError(source.path, "is a spreadsheet or zip archive: save it as CSV")
    try:
        for name, reader in READERS.items():
            if reader.sniff(source):
                return name
    except TraceError as error:
        raise NotATraceError(source.path, error.rule, error.line) from None
    for column, reason in _TABLES:
        if column in header_of(source):
            why = f"{reason}; to read it anyway, declare format csv and its columns"
            raise NotATraceError(source.path, why)
    raise NotATraceError(
        source.path, f"no known trace format (see docs/traces.md); {_advice(source)}"
    )


def _advice(source: Source) -> str:
    """What to say of a table whose columns are not clear, with its own names where it has some."""
    needs = "a table of rates needs format csv and its columns declared"
    times = columns.time_columns(header_of(source))
    others = [name for name in header_of(source) if name not in times]
    is_json = source.data.lstrip()[:1] in (b"{", b"[")
    if is_json or not times or not others or len(header_of(source)) > _MOST_COLUMNS:
        return f"{needs}: time, down or up, rate_unit"
    return f"{needs}, such as time={times[0]} down={others[0]} rate_unit=Mbit/s"
