"""Every format that traces are published in: found by content, or named."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from traces.recording import Recording

from . import (
    aware,
    fedscale_behaviour,
    fedscale_capacity,
    flame,
    flash,
    gnettrack,
    mahimahi,
    nyu_mets,
    pensieve,
    sabre,
    six_columns,
    starlink,
    table,
)
from .source import Source

READERS: dict[str, ModuleType] = {
    "mahimahi": mahimahi,
    "pensieve": pensieve,
    "sabre": sabre,
    "hsdpa": six_columns,
    "ghent": six_columns,
    "gnettrack": gnettrack,
    "nyu-mets": nyu_mets,
    "starlink": starlink,
    "csv": table,
    "fedscale-capacity": fedscale_capacity,
    "fedscale-behaviour": fedscale_behaviour,
    "flash": flash,
    "flame": flame,
    "aware": aware,
}
"""By format name. No content is taken by two of them, so the order says nothing."""


def read(source: Source, format: str | None = None, **options: Any) -> Recording:
    """A recording from a file's content, of the named format or of the one it is found to be.

    options: those of the format's own `read`. Raises TraceError.
    """
    name = detect(source) if format is None else format
    if name not in READERS:
        raise source.error(f"unknown format {name!r}; known: {', '.join(READERS)}")
    try:
        recording: Recording = READERS[name].read(source, **options)
    except TypeError as error:
        if options and "keyword argument" in str(error):
            raise source.error(f"format {name} has no such option: {error}") from None
        raise
    return recording


_TABLES = (
    ("screen_status", "a screen log says nothing of charging: load the battery log"),
    ("bandwidth_Mbps", "one speed test a row: static capacities, not a trace over time"),
    ("dl_mbps", "one speed test a row: static capacities, not a trace over time"),
    ("fp16_mem", "a table of devices, not a trace over time"),
    ("train_time_s", "a table of training times, not a trace over time"),
)
"""Columns of well-known tables that are not traces, and what to say of them."""


def detect(source: Source) -> str:
    """The name of the format that the content has. Raises TraceError if none is recognised."""
    if not source.data.strip():
        raise source.error("the file is empty")
    for name, reader in READERS.items():
        if reader.sniff(source):
            return name
    for column, reason in _TABLES:
        if column in source.header:
            raise source.error(f"{reason}; to read it anyway, declare format csv and its columns")
    raise source.error(
        f"no known trace format ({', '.join(READERS)}); a CSV with other columns needs the format "
        "csv and its columns declared"
    )
