"""Fixtures: studies with axes, with made-up numbers."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis.reading.study import Study, load_study
from sim.records import ComputeRow, TransferRow

Make = Callable[..., Any]
DONE: Any = "done"


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
def one_round(
    study_dir: Path, write_run: Make, make_round: Make, make_client: Make, make_evaluation: Make
) -> Study:
    """Two clients in a round of 10 s from second 100 on: a TX2 down 1 s, trains 3 s, up 2 s; a Nano
    down 2 s, trains 5 s, breaks off its upload after 1 s and is gone."""
    events = [
        TransferRow(t_s=101.0, start_s=100.0, client=0, direction="down", bytes=10**6, status=DONE),
        TransferRow(t_s=102.0, start_s=100.0, client=1, direction="down", bytes=10**6, status=DONE),
        ComputeRow(t_s=104.0, start_s=101.0, client=0, batches=3, cache="fill", status=DONE),
        TransferRow(t_s=106.0, start_s=104.0, client=0, direction="up", bytes=10**6, status=DONE),
        ComputeRow(t_s=107.0, start_s=102.0, client=1, batches=3, cache="fill", status=DONE),
        TransferRow(t_s=108.0, start_s=107.0, client=1, direction="up", bytes=10, status="away"),
        make_client(110.0, 0),
        make_client(
            *(110.0, 1), outcome="lost", down_s=2.0, compute_s=5.0, up_s=1.0, idle_s=0.0, gone_s=2.0
        ),
        make_round(110.0, start_s=100.0, clients=(0, 1), reports=(0,)),
    ]
    link = {"quantiles_mbit_per_s": [0.0, 8.0, 16.0]}
    facts = {
        "device_of_client": ["jetson-tx2", "jetson-nano"],
        "network": {"downlinks": [link], "downlink_of_client": [0, 0]},
    }
    write_run(
        "a",
        events=events,
        evaluations=[make_evaluation(110.0, 0.5)],
        facts=facts,
        n_clients=2,
    )
    return load_study(study_dir)


@pytest.fixture
def crossed(
    study_dir: Path, write_run: Make, make_round: Make, make_held: Make, write_index: Make
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
                        evaluations=make_held(t, level),
                    )
    paths = ["fleet.network.down_mbytes_per_s", "fleet.network.up_mbytes_per_s"]
    write_index({"rate": paths, "rounds.participants": ["rounds.participants"]}, coordinates)
    return load_study(study_dir)
