"""The notebook of docs/ is stored with its outputs, and runs from its first cell to its last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TOUR = Path(__file__).parents[1] / "docs/tour.ipynb"


def outputs(notebook: Any) -> Iterator[tuple[int, list[str]]]:
    """What each code cell shows as text, by its number; the bytes of images are left out."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, start=1):
        texts = [one.get("text") or one["data"]["text/plain"] for one in cell["outputs"]]
        yield number, ["".join(text) for text in texts]


def test_the_tour_is_stored_with_its_outputs() -> None:
    stored = json.loads(TOUR.read_text(encoding="utf-8"))
    code = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {one["output_type"] for cell in code for one in cell["outputs"]}
    assert kinds == {"execute_result", "stream"}  # no errors
    assert str(stored).count("image/png") >= 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the notebook libraries' own
def test_the_tour_runs_and_shows_what_is_stored() -> None:
    import nbformat
    from nbclient import NotebookClient

    formats: Any = nbformat  # its functions have no types
    notebook = formats.read(TOUR, as_version=4)
    stored = dict(outputs(notebook))
    NotebookClient(notebook, resources={"metadata": {"path": str(TOUR.parent)}}).execute()
    assert dict(outputs(notebook)) == stored
