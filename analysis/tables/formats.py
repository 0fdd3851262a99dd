"""Renders tables as Markdown, LaTeX, CSV or JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Literal

from .cells import check_columns, format_table
from .latex import latex
from .published import PUBLISHED_COLUMNS, format_published
from .target_row import COLUMNS

TableFormat = Literal["text", "markdown", "latex", "csv", "json"]


def render(
    rows: Sequence[Mapping[str, Any]],
    format: TableFormat,
    caption: str = "",
    label: str = "runs",
    columns: Sequence[str] = (),
) -> str:
    """Render the rows of `table_rows`; the text ends with a line break.

    Markdown and LaTeX (booktabs) have the formatted cells and the caption; a LaTeX document refers
    to the table as tab:<label>. CSV and JSON have all columns as plain numbers, empty or null where
    unknown. columns: of the formatted cells (format_table). Raises ValueError for `text`, which the
    command line prints itself, and for a column that is not known.
    """
    check_columns(columns)
    match format:
        case "json":
            return json.dumps(list(rows)) + "\n"
        case "csv":
            return _csv(rows)
        case "markdown":
            return _markdown(*format_table(rows, columns), caption)
        case "latex":
            return latex(rows, caption, label, columns)
        case _:
            raise ValueError(f"a table is rendered as markdown, latex, csv or json, got {format}")


def render_published(rows: Sequence[Mapping[str, Any]], format: TableFormat, caption: str) -> str:
    """Render the rows of `published_rows`. Raises ValueError for `text` and `latex`."""
    match format:
        case "json":
            return json.dumps(list(rows)) + "\n"
        case "csv":
            return _csv(rows, PUBLISHED_COLUMNS)
        case "markdown":
            return _markdown(*format_published(rows), caption)
        case _:
            raise ValueError(
                f"published numbers are rendered as markdown, csv or json, got {format}"
            )


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows([{key: _inert(value) for key, value in row.items()} for row in rows])
    return text.getvalue()


def _inert(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula, after an apostrophe."""
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@")
    return f"'{value}" if is_formula else value


def _markdown(headers: Sequence[str], lines: Sequence[Sequence[str]], caption: str) -> str:
    rule = ["---", "---", *["---:"] * (len(headers) - 2)]
    table = [headers, rule, *([_cell(text) for text in line] for line in lines)]
    text = "".join(f"| {' | '.join(line)} |\n" for line in table)
    return f"{text}\n{caption}\n" if caption else text


def _cell(text: str) -> str:
    r"""Escape characters that mean something in Markdown, HTML or mathematics.

    >>> print(_cell("<b> costs $5 | *9*"))
    \<b> costs \$5 \| \*9\*
    """
    return "".join(f"\\{sign}" if sign in "\\|`*<[$" else sign for sign in text)
