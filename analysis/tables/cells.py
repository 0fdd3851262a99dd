"""Formats the table of targets as column headers and text cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.statistics.estimates import FEWEST

from .targets import MAJORITY
from .text import common_unit, digits, rounded_percent

HEADERS = ("arm", "target", "time", "MB per client", "kJ per client", "speed-up", "final", "best")
_OPTIONAL = (("lost trials", "trial_share"), ("excluded devices", "excluded_share"))
_AMOUNTS = (("mbytes_per_client", "mbytes"), ("kilojoules_per_client", "kilojoules"))
_SEEDS = {"ratio": "n_common", "speedup": "n_speedup"}
_IDLE = "idle kJ per client"
_NO_VALUE = "–"


COLUMN_NAMES = {
    "time": "time",
    "bytes": "MB per client",
    "energy": "kJ per client",
    "speed-up": "speed-up",
    "final": "final",
    "best": "best",
    "idle": _IDLE,
    "ratio": "ratio to ",
    "p": "p (Holm)",
    "lost-trials": "lost trials",
    "excluded": "excluded devices",
}
"""What a user calls a column, and how its header begins."""

_ABSENT = {
    "idle": "no arm that reached a target was charged idle joules; fleet.idle_w charges them",
    **dict.fromkeys(("ratio", "p"), "no arm is compared; name another arm by --baseline"),
    "lost-trials": "no arm worked for branches that lost their trial; leave it out",
    "excluded": "no configuration is too large for a device; leave it out",
}
"""Why a table does not have a column, and what to do."""


def format_table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()
) -> tuple[list[str], list[list[str]]]:
    """Return headers and cells of the rows of `table_rows`.

    columns: names of COLUMN_NAMES to keep beside arm and target, in their usual order; none: all.
    Raises ValueError for a name that is not known, and for a column that these rows do not have.

    Brackets hold an interval; words in parentheses, "2 to 3", a range. A target that was not
    reached reads "not reached". The times of a target have one unit. The columns of a baseline
    appear if there is one, those for lost trials, excluded devices and idle joules only if some row
    has a value above 0.
    """
    optional = [(header, key) for header, key in _OPTIONAL if any(row[key] for row in rows)]
    idle = [_IDLE] if any(row["idle_kilojoules_per_client"] for row in rows) else []
    baseline = next((row["baseline"] for row in rows if row["baseline"]), None)
    ratio = [] if baseline is None else [f"ratio to {baseline}", "p (Holm)"]
    headers = [*HEADERS, *idle, *ratio, *(header for header, _ in optional)]
    units = _units(rows)
    lines = [
        [
            *_cells(row, units.get(row["target"])),
            *(_amount_cell(row["idle_kilojoules_per_client"]) for _ in idle),
            *([] if baseline is None else [_ratio_cell(row, "ratio"), _p_cell(row)]),
            *(f"{100 * row[key]:.0f} %" if row[key] else _NO_VALUE for _, key in optional),
        ]
        for row in rows
    ]
    kept = _kept(headers, columns)
    return [headers[i] for i in kept], [[line[i] for i in kept] for line in lines]


def check_columns(columns: Sequence[str]) -> None:
    """Raise ValueError for a name that no column has."""
    for name in columns:
        if name not in COLUMN_NAMES:
            raise ValueError(f"no column {name}; columns: {', '.join(COLUMN_NAMES)}")


def _kept(headers: Sequence[str], columns: Sequence[str]) -> list[int]:
    """The places of arm, target and the columns that were asked for."""
    check_columns(columns)
    if not columns:
        return list(range(len(headers)))
    for name in columns:
        if not any(header.startswith(COLUMN_NAMES[name]) for header in headers):
            raise ValueError(f"no column {name} in this table: {_ABSENT[name]}")
    starts = tuple(COLUMN_NAMES[name] for name in columns)
    return [i for i, header in enumerate(headers) if i < 2 or header.startswith(starts)]


_Unit = tuple[float, str]
"""Length in seconds, and name."""


def _units(rows: Sequence[Mapping[str, Any]]) -> dict[str, _Unit]:
    """The unit of time of each target that some arm reached."""
    seconds: dict[str, list[float]] = {}
    for row in rows:
        if row["hours"] is not None:
            seconds.setdefault(row["target"], []).append(3600 * row["hours"])
    return {target: common_unit(min(own), max(own)) for target, own in seconds.items()}


def _cells(row: Mapping[str, Any], unit: _Unit | None) -> list[str]:
    names = [str(row["arm"]), str(row["target"])]
    accuracies = [_accuracy_cell(row["final"]), _accuracy_cell(row["best"])]
    if row["arm"] == MAJORITY:
        return [*names, *[_NO_VALUE] * 6]
    if row["hours"] is None or unit is None:
        n_reached, n_seeds = row["n_reached"], row["n_seeds"]
        reached = f" ({n_reached} of {n_seeds} seeds reached it)" if n_reached else ""
        return [*names, f"not reached{reached}", *[_NO_VALUE] * 3, *accuracies]
    amounts = [_bounded(row, key, bounds, row[key]) for key, bounds in _AMOUNTS]
    return [*names, _time_cell(row, *unit), *amounts, _ratio_cell(row, "speedup"), *accuracies]


def _amount_cell(amount: float | None) -> str:
    return _NO_VALUE if amount is None else digits(amount)


def _accuracy_cell(accuracy: float | None) -> str:
    return _NO_VALUE if accuracy is None else rounded_percent(accuracy)


def _p_cell(row: Mapping[str, Any]) -> str:
    p = row["p_holm"]
    if p is None:
        return _NO_VALUE
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def _time_cell(row: Mapping[str, Any], unit_s: float, unit: str) -> str:
    """A duration, with its range or interval in the same unit if there are several seeds."""
    return f"{_bounded(row, 'hours', 'hours', row['hours'], unit_s / 3600)} {unit}"


def _ratio_cell(row: Mapping[str, Any], name: str) -> str:
    if row[name] is None:
        return _NO_VALUE
    if row[f"{name}_low"] == row[f"{name}_high"]:
        return f"{digits(row[name])} ×"
    return f"{_bounded(row, name, name, row[name])} ×"


def _bounded(row: Mapping[str, Any], key: str, bounds: str, value: float, unit: float = 1.0) -> str:
    """A number with its interval in brackets or its range in parentheses."""
    text = digits(value / unit)
    if row[f"{bounds}_low"] is None:
        return text
    low, high = (digits(row[f"{bounds}_{end}"] / unit) for end in ("low", "high"))
    n = row[_SEEDS.get(key, "n_seeds")]
    return f"{text} ({low} to {high})" if n < FEWEST else f"{text} [{low}, {high}]"
