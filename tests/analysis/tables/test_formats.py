"""Rendered tables have the same numbers in every format."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from analysis.reading.study import load_study
from analysis.tables.cells import format_table
from analysis.tables.formats import TableFormat, render
from analysis.tables.target_row import COLUMNS
from analysis.tables.targets import table_rows

Make = Callable[..., Any]
LATEX = shutil.which("pdflatex") or shutil.which("tectonic")


@pytest.fixture
def rows(study_dir: Path, write_run: Make, make_held: Make) -> list[dict[str, Any]]:
    write_run("50 % | a_b", evaluations=make_held(90.0, 0.62), majority=None)
    return table_rows(load_study(study_dir), levels=(0.5, 0.7), shares=())


def test_markdown_keeps_names_inside_their_column(rows: list[dict[str, Any]]) -> None:
    lines = render(rows, "markdown", "said below").splitlines()
    assert lines[1] == "| --- | --- |" + " ---: |" * 6
    assert lines[2] == r"| 50 % \| a_b | 50 % | 90 s | 0 | 0 | – | 62.0 % | 62.0 % |"
    assert lines[3] == r"| 50 % \| a_b | 70 % | not reached | – | – | – | 62.0 % | 62.0 % |"
    assert lines[-1] == "said below"


def test_latex_is_booktabs_with_a_rule_between_targets(rows: list[dict[str, Any]]) -> None:
    lines = render(rows, "latex", "5 % & more").splitlines()
    assert r"\caption{5 \% \& more}" in lines
    assert r"50 \% \textbar{} a\_b & 50 \% & 90 s & 0 & 0 & -- & 62.0 \% & 62.0 \% \\" in lines
    assert lines.count(r"\midrule") == 2  # below the head, and between 50 and 70 %


def test_latex_is_centred_and_can_be_referred_to(rows: list[dict[str, Any]]) -> None:
    lines = render(rows, "latex", "a caption", "my_study, 2").splitlines()
    assert lines[:4] == [
        r"\begin{table}",
        r"\centering",
        r"\caption{a caption}",
        r"\label{tab:my-study-2}",
    ]


def test_a_name_in_brackets_is_no_option_of_the_row_above(rows: list[dict[str, Any]]) -> None:
    row = render([rows[0] | {"arm": "[8, 16]"}], "latex").splitlines()[7]
    assert row.startswith("{}[8, 16] & ")


@pytest.mark.skipif(LATEX is None, reason="no LaTeX is installed (pdflatex or tectonic)")
def test_latex_compiles(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    names = (
        r"[a] \ {b} ~^ # $x$ < | > ± – … µ",
        "a_b & 50 %",
        "α = 1 · λ, Δ ≠ Ω, −5 ≈ ∞ → ×",
        "“Zürich” — Łódź, it’s €",
    )
    odd = [rows[0] | {"arm": name, "p_holm": 1e-9, "baseline": "b"} for name in names]
    table = render([*rows, *odd], "latex", "5 % & more", "odd")
    assert table.startswith(r"\begin{table}")
    head = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
    (tmp_path / "table.tex").write_text(f"{head}{table}See \\ref{{tab:odd}}.\\end{{document}}\n")
    halt = [] if "tectonic" in str(LATEX) else ["-halt-on-error", "-interaction=batchmode"]
    subprocess.run([str(LATEX), *halt, "table.tex"], cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "table.pdf").stat().st_size


def test_signs_that_pdflatex_lacks_are_named(rows: list[dict[str, Any]]) -> None:
    table = render([rows[0] | {"arm": "日本, ☃, α"}], "latex")
    assert table.splitlines()[0] == "% needs XeLaTeX or LuaLaTeX and a font with 日本☃"


def test_csv_and_json_have_plain_numbers_and_empty_values(
    rows: list[dict[str, Any]],
) -> None:
    first, second = csv.DictReader(StringIO(render(rows, "csv")))
    assert list(first) == list(COLUMNS)
    assert (float(first["hours"]), first["hours_low"], second["hours"]) == (0.025, "", "")
    assert json.loads(render(rows, "json")) == rows


def test_a_name_that_a_spreadsheet_takes_for_a_formula_is_text(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    write_run("=1+2", evaluations=make_held(90.0, 0.62), majority=None)
    found = table_rows(load_study(study_dir), levels=(0.5,), shares=())
    (row,) = csv.DictReader(StringIO(render(found, "csv")))
    assert row["arm"] == "'=1+2"


@pytest.mark.parametrize("format", ["csv", "json", "markdown", "latex"])
def test_an_unknown_column_is_refused_in_every_format(
    rows: list[dict[str, Any]], format: TableFormat
) -> None:
    with pytest.raises(ValueError, match="no column zzz; columns: time, bytes"):
        render(rows, format, columns=["time", "zzz"])


def test_the_format_text_is_refused(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="markdown, latex, csv or json, got text"):
        render(rows, "text")


def test_idle_joules_are_a_column_of_their_own(
    study_dir: Path, write_run: Make, make_round: Make, make_held: Make
) -> None:
    rounds = [make_round(30.0, energy_j=600.0, idle_j=2500.0)]
    write_run("a", events=rounds, evaluations=make_held(90.0, 0.62), majority=None)
    (row,) = table_rows(load_study(study_dir), levels=(0.5,), shares=())
    assert (row["kilojoules_per_client"], row["idle_kilojoules_per_client"]) == (0.06, 0.25)
    head, _, line = render([row], "markdown").splitlines()[:3]
    assert head.endswith("| best | idle kJ per client |")
    assert line.endswith("| 0.25 |")


def test_the_times_of_a_target_have_one_unit(
    study_dir: Path, write_run: Make, make_held: Make
) -> None:
    for arm, hours in (("a", 1.0), ("b", 60.0), ("c", 40.0)):
        write_run(arm, evaluations=make_held(3600 * hours, 0.8 if arm == "c" else 0.6))
    _, cells = format_table(table_rows(load_study(study_dir), levels=(0.5, 0.8), shares=())[:6])
    assert [line[2] for line in cells[:3]] == ["1 h", "60 h", "40 h"]
    assert [line[2] for line in cells[3:]] == ["not reached", "not reached", "40 h"]
