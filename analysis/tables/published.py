"""The table of published results: simulated hours beside the hours of a publication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.measures import cost_to_accuracy
from analysis.reading.pricing import timed_as
from analysis.reading.study import Study

PUBLISHED_HEADERS = ("arm", "accuracy", "simulated hours", "published hours", "ratio", "reason")
PUBLISHED_COLUMNS = ("arm", "accuracy", "hours", "printed_hours", "ratio", "reason")


def published_rows(study: Study) -> list[dict[str, Any]]:
    """Return one row per arm and published number, with the keys of PUBLISHED_COLUMNS.

    accuracy is 0-1; hours is None if not reached; ratio = hours / printed_hours. hours are those of
    first crossings, as publications print them. Arms without runs have no row.
    """
    rows = []
    for row in study.published:
        if row["arm"] not in study.arms:
            continue
        for accuracy, printed in zip(row["targets"], row["hours"], strict=True):
            cost = cost_to_accuracy(study.runs_of(row["arm"]), accuracy, "first")
            hours = None if cost is None else cost.hours
            ratio = None if hours is None else hours / printed
            values = (row["arm"], accuracy, hours, printed, ratio, row["reason"])
            rows.append(dict(zip(PUBLISHED_COLUMNS, values, strict=True)))
    return rows


def published_caption(study: Study) -> str:
    """Return where the published numbers are from, and which model's costs were charged."""
    return "; ".join([f"published: {study.source}; first crossings", *timed_as(study.runs)])


def format_published(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return headers and cells; a reason shared by adjacent rows of an arm is printed once."""
    lines, before = [], None
    for row in rows:
        is_reached = row["hours"] is not None
        lines.append(
            [
                str(row["arm"]),
                f"{row['accuracy']:.4g}",
                f"{row['hours']:.3f}" if is_reached else "not reached",
                f"{row['printed_hours']:g}",
                f"{row['ratio']:.2f}" if is_reached else "–",
                "" if (row["arm"], row["reason"]) == before else str(row["reason"]),
            ]
        )
        before = (row["arm"], row["reason"])
    return list(PUBLISHED_HEADERS), lines
