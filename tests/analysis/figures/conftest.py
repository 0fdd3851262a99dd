"""Studies with axes, made of made-up runs."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis.load import Study, load_study

Make = Callable[..., Any]


@pytest.fixture
def write_index(study_dir: Path) -> Make:
    """study.json over the runs that are there, as a study with axes writes it."""

    def write(axes: Mapping[str, Any], coordinates: Mapping[str, Any]) -> None:
        runs = sorted(
            str(path.parent.relative_to(study_dir)) for path in study_dir.glob("*/*/manifest.json")
        )
        index = {"name": "x", "runs": runs, "axes": axes, "coordinates": coordinates}
        (study_dir / "study.json").write_text(json.dumps(index))

    return write


@pytest.fixture
def crossed(
    study_dir: Path, write_run: Make, make_round: Make, make_evaluation: Make, write_index: Make
) -> Study:
    """Arms a and b at two rates and two cohort sizes, two seeds: 100 s / rate to 60 %, twice that
    for b, a tenth less for the second seed; b never gets there with 5 participants."""
    coordinates = {}
    for arm, factor in (("a", 1.0), ("b", 2.0)):
        for rate in (0.5, 10.0):
            for n in (5, 15):
                name = f"{arm}, rate={rate}, participants={n}"
                coordinates[name] = {"rate": rate, "rounds.participants": n}
                for seed in (0, 1):
                    t = factor * 100 / rate * (1 - 0.1 * seed)
                    level = 0.5 if (arm, n) == ("b", 5) else 0.7
                    write_run(
                        name,
                        seed=seed,
                        digest=f"{len(coordinates):08d}",
                        events=[make_round(t, n_bytes=10**7)],
                        evaluations=[make_evaluation(t, level)],
                    )
    paths = ["fleet.network.down_mbytes_per_s", "fleet.network.up_mbytes_per_s"]
    write_index({"rate": paths, "rounds.participants": ["rounds.participants"]}, coordinates)
    return load_study(study_dir)
