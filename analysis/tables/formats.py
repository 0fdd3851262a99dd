"""Renders tables as Markdown, LaTeX, CSV or JSON."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Literal

from .cells import format_table
from .published import PUBLISHED_COLUMNS, format_published
from .target_row import COLUMNS

TableFormat = Literal["text", "markdown", "latex", "csv", "json"]

_LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "µ": r"$\mu$",
    "→": r"$\rightarrow$",
    "<": "$<$",  # the font that LaTeX uses by default has other signs in these places
    ">": "$>$",
    "|": r"\textbar{}",
    "–": "--",
    "…": r"\ldots{}",
}


def render(
    rows: Sequence[Mapping[str, Any]], format: TableFormat, caption: str = "", label: str = "runs"
) -> str:
    """Render the rows of `table_rows`; the text ends with a line break.

    Markdown and LaTeX (booktabs) have the formatted cells and the caption; a LaTeX document refers
    to the table as tab:<label>. CSV and JSON have all
    columns as plain numbers, empty or null where unknown. Raises ValueError for `text`, which
    the command line prints itself.
    """
    match format:
        case "json":
            return json.dumps(list(rows)) + "\n"
        case "csv":
            return _csv(rows)
        case "markdown":
            return _markdown(*format_table(rows), caption)
        case "latex":
            return _latex(rows, caption, label)
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


def _latex(rows: Sequence[Mapping[str, Any]], caption: str, label: str) -> str:
    """A booktabs table with a rule between targets; needs \\usepackage{booktabs}."""
    headers, lines = format_table(rows)
    body = []
    for i, line in enumerate(lines):
        if i and rows[i]["target"] != rows[i - 1]["target"]:
            body.append(r"\midrule")
        body.append(_line(line))
    return "\n".join(
        (
            r"\begin{table}",
            r"\centering",
            *([rf"\caption{{{_escaped(caption)}}}"] if caption else []),
            rf"\label{{tab:{re.sub('[^A-Za-z0-9]+', '-', label).strip('-')}}}",
            rf"\begin{{tabular}}{{ll{'r' * (len(headers) - 2)}}}",
            r"\toprule",
            _line(headers),
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        )
    )


def _line(cells: Sequence[str]) -> str:
    """A row of a LaTeX table; a bracket at its start would be an option of the row above."""
    text = " & ".join(map(_escaped, cells)) + r" \\"
    return "{}" * text.startswith("[") + text


def _escaped(text: str) -> str:
    """Escape text for LaTeX.

    >>> _escaped("90 % of a_b")
    '90 \\\\% of a\\\\_b'
    """
    return "".join(_LATEX.get(sign, sign) for sign in text)
