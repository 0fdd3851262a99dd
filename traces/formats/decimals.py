"""The decimal sign of a table's numbers: a point, or a comma where the columns tell of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from .delimited import COMMA_DECIMAL, Row, Table
from .stamps import is_stamp

Decimal = Literal[".", ","]

_WITH_POINT = re.compile(r"[+-]?[0-9,]*\.[0-9.,]*(?:[eE][+-]?[0-9]{1,3})?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")


def decimal_in(
    table: Table, columns: Sequence[int], given: Decimal | None = None, missing: str | None = None
) -> Decimal:
    """The decimal sign in some columns: as given, else found.

    Raises TraceError if it is unclear, or a comma and a number has a point too: between thousands,
    the number would be read as a thousandth. missing: a text that stands for no value.
    """
    decimal = given or _decimal_of(table, columns)
    for line, row in table.rows if decimal == "," else ():
        for column in columns:
            cell = row[column]
            if _WITH_POINT.fullmatch(cell) and cell != missing:
                raise table.source.error(
                    f"{table.names[column][:40]} has a point where the decimal sign is a comma, "
                    f"got {cell[:40]}: thousands? take them out",
                    line,
                )
    return decimal


def _decimal_of(table: Table, columns: Sequence[int]) -> Decimal:
    """The decimal sign that numbers with commas tell of."""
    unclear: Row | None = None
    for column in columns:
        for row in table.rows:
            cell = row[1][column]
            if "," not in cell or is_stamp(cell):
                continue
            if COMMA_DECIMAL.fullmatch(cell) and not _THOUSANDS.fullmatch(cell):
                return ","
            if unclear is None and _THOUSANDS.fullmatch(cell):
                unclear = (row[0], [cell])
    if unclear is not None:
        raise table.source.error(
            f"{unclear[1][0][:40]!r} may have a decimal comma or commas between thousands: "
            "say decimal=, or take the commas out",
            unclear[0],
        )
    return "."


def plain_number(cell: str, decimal: Decimal) -> str:
    """The cell with a decimal point, as text."""
    return cell.replace(",", ".", 1) if decimal == "," and "." not in cell else cell
