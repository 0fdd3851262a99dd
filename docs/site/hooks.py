"""What the documentation site needs beyond MkDocs: where pages lie, and the notebook as a page.

Every page keeps its path in the repository, so that relative links hold on the site as they do on
a code host. Links to files that are no pages lead to copies of these files.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbconvert
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md")
NOTEBOOK = "docs/tour.ipynb"
PLACED = (".md", ".png", ".csv")
"""Which files below docs/ are on the site."""


def on_files(files: Files, config: Any) -> Files:
    """Place the files of docs/ below docs/, and add the pages that lie elsewhere."""
    docs_dir = Path(config.docs_dir)
    placed = Files([file for file in files if file.src_dir != config.docs_dir])
    for file in files:
        if file.src_dir == config.docs_dir and file.src_uri.endswith(PLACED):
            placed.append(_file(config, f"docs/{file.src_uri}", docs_dir / file.src_uri))
    for name in PAGES:
        placed.append(_file(config, name, ROOT / name))
    for file in _notebook(config):
        placed.append(file)
    return placed


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Lead links to the notebook to its page, and links to a folder to the folder's own page."""
    del config
    here = posixpath.dirname(page.file.src_uri)
    markdown = re.sub(r"\]\(([^):]*)\.ipynb\)", r"](\1.md)", markdown)
    for link in set(re.findall(r"\]\(([^):#]+/)\)", markdown)):
        target = posixpath.normpath(posixpath.join(here, link, "README.md"))
        if files.get_file_from_path(target) is not None:
            markdown = markdown.replace(f"]({link})", f"]({link}README.md)")
    return markdown


def _file(config: Any, src_uri: str, path: Path) -> File:
    return File.generated(config, src_uri, abs_src_path=str(path))


def _notebook(config: Any) -> Iterator[File]:
    """The stored notebook as a Markdown page, and its images."""
    exporters: Any = nbconvert  # its functions have no types
    text, resources = exporters.MarkdownExporter().from_filename(str(ROOT / NOTEBOOK))
    page = posixpath.splitext(NOTEBOOK)[0]
    yield File.generated(config, f"{page}.md", content=text)
    for name, content in resources["outputs"].items():
        yield File.generated(config, f"{posixpath.dirname(page)}/{name}", content=content)
