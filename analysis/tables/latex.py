"""Renders a table as LaTeX (booktabs), with text escaped so that pdfLaTeX compiles it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .cells import format_table

_GREEK = (
    *("alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "varphi", "chi", "psi"),
    *("omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"),
)
_LETTERS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"

_LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{letter: rf"$\{name}$" for letter, name in zip(_LETTERS, _GREEK, strict=True)},
    "×": r"$\times$",
    "·": r"$\cdot$",
    "±": r"$\pm$",
    "−": "$-$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "µ": r"$\mu$",
    "→": r"$\rightarrow$",
    "<": "$<$",  # the font that LaTeX uses by default has other signs in these places
    ">": "$>$",
    "|": r"\textbar{}",
    "–": "--",
    "…": r"\ldots{}",
}

_LAST_LATIN = "\u017f"
_KNOWN = "“”‘’„‚—†‡•€™"
"""Beyond Latin letters and _LATEX, the signs that pdfLaTeX has without a package."""


def latex(
    rows: Sequence[Mapping[str, Any]], caption: str, label: str, columns: Sequence[str] = ()
) -> str:
    r"""A booktabs table with a rule between targets; needs \usepackage{booktabs}.

    A comment in its first line names the signs for which pdfLaTeX has no glyph, if there are any:
    XeLaTeX and LuaLaTeX compile them with a font that has them.
    """
    headers, lines = format_table(rows, columns)
    body = []
    for i, line in enumerate(lines):
        if i and rows[i]["target"] != rows[i - 1]["target"]:
            body.append(r"\midrule")
        body.append(_line(line))
    unknown = _unknown("".join([caption, *headers, *(cell for line in lines for cell in line)]))
    return "\n".join(
        (
            *([f"% needs XeLaTeX or LuaLaTeX and a font with {unknown}"] if unknown else []),
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


def _unknown(text: str) -> str:
    """The signs of a text for which pdfLaTeX has no glyph, each once.

    >>> _unknown("Zürich, α ≤ 日本")
    '日本'
    """
    found = (c for c in text if c > _LAST_LATIN and c not in _KNOWN and c not in _LATEX)
    return "".join(dict.fromkeys(found))


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
