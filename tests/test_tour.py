"""The notebook of docs/ runs from its first cell to its last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TOUR = Path(__file__).parents[1] / "docs/tour.ipynb"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the notebook libraries' own
def test_the_tour_runs() -> None:
    import nbformat
    from nbclient import NotebookClient

    formats: Any = nbformat  # its functions have no types
    notebook = formats.read(TOUR, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": str(TOUR.parent)}}).execute()
    last = notebook.cells[-1]["outputs"][-1]["data"]["text/plain"]
    assert "'depth': 6" in last
