"""A real, tiny model and task on disk, for runs that train for real in a second."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.tiny import write_tiny_model, write_tiny_task

# Machines are shared, so time is no law here. `make test` tries the same examples every time;
# `make test-slow` styles for new ones (--hypothesis-profile=explore).
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.register_profile(  # tests.mutants: a failure needs no smallest example
    "mutants", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("repeat")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a random two-layer BERT and its word-level tokenizer."""
    return write_tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def tiny_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of train.tsv (150 texts) and test.tsv (60); most words belong to the label."""
    return write_tiny_task(tmp_path_factory.mktemp("task"))


@pytest.fixture
def chromium() -> Iterator[Any]:
    """A headless Chromium of the machine's own; skips the test where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium on the PATH")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
