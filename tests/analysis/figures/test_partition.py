"""Figures of partitions: counts, shared partitions, damaged files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from analysis.figures.partition import partition, study_partitions
from analysis.reading.study import load_study


def held(figure: Any) -> np.ndarray:
    """(classes, clients) as drawn; 0 where nothing is."""
    (image,) = figure.axes[1].images
    return np.ma.filled(image.get_array(), 0)


def test_every_count_is_drawn_the_commonest_class_first() -> None:
    figure = partition(["rare", "common"], [[1, 4], [0, 9], [2, 3]], "two classes")
    assert held(figure).tolist() == [[4, 9, 3], [1, 0, 2]]
    assert [t.get_text() for t in figure.axes[1].get_yticklabels()] == ["common", "rare"]
    assert [bar.get_height() for bar in figure.axes[0].containers[0]] == [5, 9, 5]
    assert "3 clients, 19 examples" in cast(Any, figure)._suptitle.get_text()


def test_the_colours_begin_at_the_smallest_number_that_is_there() -> None:
    figure = partition(["rare", "common"], [[0, 40], [20, 90], [0, 30]], "two classes")
    (image,) = figure.axes[1].images
    assert image.get_clim() == (20, 90)
    assert min(figure.axes[2].get_yticks()) == 20


def test_many_classes_are_drawn_without_names() -> None:
    counts = np.eye(150, dtype=np.int64)[:40]
    figure = partition([f"label {i}" for i in range(150)], counts, "many")
    assert figure.get_size_inches()[1] < 14
    assert figure.axes[1].get_ylabel() == "class, commonest first"


def test_runs_with_one_partition_share_a_figure(study_dir: Path, write_run: Any) -> None:
    for seed, counts in ((0, [[1, 2]]), (1, [[1, 2]]), (2, [[3, 0]])):
        run_dir = write_run("a", seed=seed)
        content = {"classes": ["x", "y"], "counts": counts}
        (run_dir / "partition.json").write_text(json.dumps(content))
    write_run("time only", seed=0)
    figures = study_partitions(load_study(study_dir))
    assert [cast(Any, figure)._suptitle.get_text().split(" · ")[0] for figure in figures] == [
        "seed 0",
        "seed 2",
    ]


@pytest.mark.parametrize("content", ["{", "[]", '{"classes": ["x"], "counts": [[1, 2]]}'])
def test_a_damaged_partition_file_is_refused(study_dir: Path, write_run: Any, content: str) -> None:
    path = write_run("a", seed=0) / "partition.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"partition\.json: must have classes and counts: "):
        study_partitions(load_study(study_dir))
