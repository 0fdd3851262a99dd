"""The pages name files that exist, link to what is there, and are cut into short paragraphs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import get_args, get_type_hints
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
]
SOURCE = (
    *("analysis", "calibration", "commands", "configurator", "fedadapter", "fidelity", "learner"),
    *("scenarios", "sim", "tests", "traces"),
)
TOP = (*SOURCE, "benchmarks", "docs")

LONGEST_PARAGRAPH = 600
"""Characters."""

FENCED = re.compile(r"^( *)```.*?^\1```$", flags=re.MULTILINE | re.DOTALL)
FILE = re.compile(rf"`((?:{'|'.join(TOP)})/[^`\s]*)`")
IMPORT = re.compile(rf"from ((?:{'|'.join(SOURCE)})(?:\.\w+)*) import ([\w, ]+)")
ITEM = re.compile(r"\n(?= *(?:[-*]|\d+\.) )")


def each(pages: Iterable[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """A page without its fenced code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def paragraphs(text: str) -> Iterator[str]:
    """Paragraphs and list items; no headings, tables, figures or indented code."""
    for block in re.split(r"\n\s*\n", re.sub(r"^(?:#|\||!\[).*$", "", text, flags=re.MULTILINE)):
        if block.strip() and not block.strip("\n").startswith("    "):
            yield from (" ".join(one.split()) for one in ITEM.split(block.strip()))


def text_of(page: Path) -> str:
    """The Markdown of a page, or of the cells of a notebook."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def parts(page: Path) -> Iterator[tuple[str, str]]:
    """Kind and target of every link and image, and kind and text of every heading."""
    tokens = MarkdownIt().enable("table").parse(text_of(page))
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            shown = [one.content for one in token.children or () if one.type != "image"]
            yield "heading", "".join(shown)
        for one in token.children or ():
            if one.type in ("link_open", "image"):
                yield "link", str(one.attrs.get("href", one.attrs.get("src")))


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked, as code hosts and the site make them.

    Of equal headings, the first alone has a name that both give it.
    """
    headings = [text for kind, text in parts(page) if kind == "heading"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each(PAGES)
def test_files_that_a_page_names_exist(page: Path) -> None:
    named = sorted(set(FILE.findall(prose(page))))
    assert [path for path in named if not any(ROOT.glob(path.rstrip("/")))] == []


@each([*PAGES, *(ROOT / name for name in ("CHANGELOG.md", "SECURITY.md", "docs/tour.ipynb"))])
def test_links_and_images_lead_somewhere(page: Path) -> None:
    links = [unquote(target) for kind, target in parts(page) if kind == "link"]
    for link in links:
        if urlsplit(link).scheme:
            assert link.startswith("https://"), link
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert ROOT in target.parents, link
        if anchor:
            assert anchor in anchors(target), link


def test_links_anchors_and_images_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Files of `a_b`, 2 %\n\n| a |\n|---|\n| [x](y.md#z) |\n\n![p](q.png)\n\n    [no](link)\n"
    )
    assert [target for kind, target in parts(page) if kind == "link"] == ["y.md#z", "q.png"]
    assert anchors(page) == {"files-of-a_b-2-"}


@each(PAGES)
def test_paragraphs_are_short(page: Path) -> None:
    long = [one for one in paragraphs(prose(page)) if len(one) > LONGEST_PARAGRAPH]
    assert [f"{len(one)}: {one[:60]} ..." for one in long] == []


def test_a_long_paragraph_is_found_and_a_table_is_none() -> None:
    item, table = f"- {'word ' * 10}", f"| {'word ' * 200} |"
    text = f"# Title\n\n{table}\n\nshort\nand wrapped\n\n{item}\n  goes on\n{item}\n\n    code\n"
    assert list(paragraphs(text)) == [
        "short and wrapped",
        f"{item.strip()} goes on",
        item.strip(),
    ]


def test_the_architecture_page_names_every_source_folder() -> None:
    files = [file.relative_to(ROOT) for top in SOURCE for file in (ROOT / top).rglob("*.py")]
    folders = {"/".join(file.parts[:-1]) for file in files}
    rooms = {f for f in folders if not f.startswith("tests/") or f.count("/") == 1}
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert sorted(room for room in rooms if f"`{room}/`" not in page) == []


@each([*PAGES, ROOT / "docs/tour.ipynb"])
def test_names_that_examples_import_exist(page: Path) -> None:
    for module, names in IMPORT.findall(page.read_text(encoding="utf-8")):
        for name in names.split(","):
            assert hasattr(import_module(module), name.split(" as ")[0].strip()), module


def kinds(union: object) -> list[str]:
    """The names in YAML of the members of a union."""
    return [get_args(get_type_hints(one)["kind"])[0] for one in get_args(union)]


def test_pages_describe_every_policy_figure_and_format() -> None:
    from analysis.figures.catalogue import CATALOGUE
    from configurator import Configuration
    from sim.selection import Selection
    from traces.formats import READERS

    there = {
        "docs/model.md": kinds(Selection),
        "docs/write-a-configurator.md": kinds(Configuration),
        "docs/figures/README.md": list(CATALOGUE),
        "docs/traces.md": list(READERS),
    }
    for page, names in there.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        assert [name for name in names if f"`{name}" not in text] == [], page
