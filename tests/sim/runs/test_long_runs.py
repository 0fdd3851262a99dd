"""Runs of many rounds with one branch: what reaches the disk and the display before they end."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from sim.engine.client_job import ClientJob
from sim.engine.participation import participate
from sim.runlog import EVALUATIONS
from sim.runs.progress import RunProgress
from sim.runs.run import run_scenario


class StoppedError(Exception):
    """The test has seen enough."""


def _stop_in_round_100(job: ClientJob) -> Generator[Any, Any, None]:
    if job.version == 100:
        raise StoppedError
    yield from participate(job)


def test_points_of_the_only_branch_reach_the_disk_while_it_runs(make: Any, tmp_path: Path) -> None:
    """One point of the untrained state, then one a round in blocks of 64."""
    with pytest.raises(StoppedError):
        run_scenario(make(**{"stop.rounds": 200}), out=tmp_path, participation=_stop_in_round_100)
    (path,) = tmp_path.rglob(EVALUATIONS)
    rounds = [line.split('"round":')[1].split(",")[0] for line in path.read_text().splitlines()]
    assert [int(one) for one in rounds] == list(range(65))


def test_blocks_of_points_change_no_row(make: Any, tmp_path: Path) -> None:
    """151 points, two blocks of 64 of them reported meanwhile; every fifth of them in one."""
    fixed = {"kind": "fixed", "config": {"kind": "adapter", "depth": 1, "width": 8}}
    files = []
    for every, configurator in ((1, fixed), (5, fixed)):
        scenario = make(
            **{
                "stop.rounds": 150,
                "evaluation.every_rounds": every,
                "configurator": configurator,
            }
        )
        result = run_scenario(scenario, out=tmp_path)
        files.append((result.run_dir / EVALUATIONS).read_text().splitlines())
    assert len(files[0]) == 151
    assert files[0][::5] == files[1]


def test_a_run_that_trains_nothing_tells_its_progress(make: Any, tmp_path: Path) -> None:
    """10,500 client jobs by three clients: one report after the first 10,000, one at the end."""
    told: list[RunProgress] = []
    run_scenario(make(**{"stop.rounds": 3500}), out=tmp_path, on_progress=told.append)
    assert [(one.round, one.is_done) for one in told] == [(3334, False), (3500, True)]
    assert told[0].fraction == pytest.approx(3334 / 3500)
    assert told[0].sim_s > 0
