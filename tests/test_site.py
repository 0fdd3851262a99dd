"""The documentation site builds strictly and without network, and opens from the disk."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LOADED = re.compile(
    r"""<(?:script|img|iframe)[^>]*\ssrc=["'](\w+:)?//|<link[^>]*href=["']https?:"""
)


def test_the_site_lists_every_page() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"^ *- (\S+\.md)$", text, flags=re.MULTILINE))
    pages = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")}
    outside = {
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "benchmarks/README.md",
    }
    assert listed == pages | outside | {"docs/tour.md"}


def test_the_site_has_every_file_below_docs_that_a_page_links_to() -> None:
    hooks = (ROOT / "docs/site/hooks.py").read_text(encoding="utf-8")
    (placed,) = re.findall(r"^PLACED = \((.*)\)$", hooks, flags=re.MULTILINE)
    suffixes = {*re.findall(r'"(\.\w+)"', placed), ".ipynb"}
    for page in ROOT.glob("docs/**/*.md"):
        for link in re.findall(r"\]\(([^):#]+)\)", page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            is_below = target.is_relative_to(ROOT / "docs") and target.is_file()
            assert not is_below or target.suffix in suffixes, f"{page}: {link}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built while no proxy answers."""
    pytest.importorskip("mkdocs")
    path = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    environment = os.environ | nowhere | {"NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(path)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere_and_names_its_functions(site: Path) -> None:
    pages = sorted(site.glob("**/*.html"))
    assert [page for page in pages if LOADED.search(page.read_text(encoding="utf-8"))] == []
    reference = (site / "docs/reference/fedadapter.html").read_text(encoding="utf-8")
    for name in ("runs.run", "runs.Run.replay", "studies.study", "figures.NotebookFigure.save"):
        assert f'id="fedadapter.{name}"' in reference
    assert "2.33 simulated h" in (site / "docs/tour.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_page_opens_offline_with_its_images(site: Path, chromium: Any) -> None:
    said: list[str] = []
    page = chromium.new_context(offline=True).new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(request.url))
    for file in sorted(set(site.glob("**/*.html")) - {site / "404.html"}):  # for servers
        page.goto(file.as_uri())
        assert page.locator("h1").count() == 1, file
        widths = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
        assert all(widths), file
    assert said == []
