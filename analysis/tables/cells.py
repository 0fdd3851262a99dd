"""Formats the table of targets as column headers and text cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .targets import MAJORITY
from .text import digits, duration, time_unit

HEADERS = ("arm", "target", "time", "MB per client", "kJ per client", "speed-up")
_OPTIONAL = (("lost trials", "trial_share"), ("excluded devices", "excluded_share"))
_NO_VALUE = "–"


def format_table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return headers and cells of the rows of `table_rows`.

    A target that was not reached reads "not reached". The columns for lost trials and excluded
    devices appear only if some row has a value above 0.
    """
    optional = [(header, key) for header, key in _OPTIONAL if any(row[key] for row in rows)]
    headers = [*HEADERS, *(header for header, _ in optional)]
    lines = [[*_cells(row), *(_share_cell(row[key]) for _, key in optional)] for row in rows]
    return headers, lines


def _cells(row: Mapping[str, Any]) -> list[str]:
    names = [str(row["arm"]), str(row["target"])]
    if row["arm"] == MAJORITY:
        return [*names, *[_NO_VALUE] * 4]
    if row["hours"] is None:
        n_reached, n_seeds = row["n_reached"], row["n_seeds"]
        reached = f" ({n_reached} of {n_seeds} seeds reached it)" if n_reached else ""
        return [*names, f"not reached{reached}", *[_NO_VALUE] * 3]
    amounts = [digits(row[key]) for key in ("mbytes_per_client", "kilojoules_per_client")]
    return [*names, _time_cell(row), *amounts, _speedup_cell(row)]


def _share_cell(share: float | None) -> str:
    return f"{100 * share:.0f} %" if share else _NO_VALUE


def _time_cell(row: Mapping[str, Any]) -> str:
    """A duration, with its interval in the same unit if there are several seeds."""
    text = duration(row["hours"] * 3600)
    if row["hours_low"] is None:
        return text
    unit_s, unit = time_unit(row["hours"] * 3600)
    low, high = (digits(row[key] * 3600 / unit_s) for key in ("hours_low", "hours_high"))
    return f"{text.removesuffix(unit)}[{low}, {high}] {unit}"


def _speedup_cell(row: Mapping[str, Any]) -> str:
    if row["speedup"] is None:
        return _NO_VALUE
    if row["speedup_low"] in (None, row["speedup_high"]):
        return f"{digits(row['speedup'])} ×"
    low, high = (digits(row[key]) for key in ("speedup_low", "speedup_high"))
    return f"{digits(row['speedup'])} [{low}, {high}] ×"
