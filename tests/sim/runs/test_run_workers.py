"""A run that trains in several processes: equal bytes, a killed worker, an interrupt."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sim.runlog import RunError
from sim.runs.progress import RunProgress
from sim.runs.run import run_scenario
from sim.scenario.file import as_yaml

ROOT = Path(__file__).parents[3]
SIDELINE = {"kind": "sideline", "interval_s": 0.5, "start": {"depth": 1, "width": 8}}


def kill_a_worker(progress: RunProgress) -> None:
    if progress.round == 2:
        multiprocessing.active_children()[0].kill()


def test_a_killed_worker_is_an_error_of_one_line_and_the_resumed_run_gives_equal_bytes(
    tmp_path: Path, real: Any
) -> None:
    scenario = real(configurator=SIDELINE, **{"training.max_batches": 2})
    whole = run_scenario(scenario, out=tmp_path / "whole", cache_dir=tmp_path / "cache")
    options: dict[str, Any] = {"out": tmp_path / "pooled", "cache_dir": tmp_path / "other"}
    with pytest.raises(
        RunError, match=r"a worker process died .*; to resume, repeat the command"
    ) as caught:
        run_scenario(scenario, workers=2, on_progress=kill_a_worker, **options)
    assert "\n" not in str(caught.value)
    assert not multiprocessing.active_children()
    again = run_scenario(scenario, workers=2, **options)
    assert 0 < again.trainings < whole.trainings
    for name in ("events.jsonl", "evaluations.jsonl"):
        assert (again.run_dir / name).read_bytes() == (whole.run_dir / name).read_bytes()
    assert json.loads((again.run_dir / "manifest.json").read_text())["workers"] == 2


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_interrupted_or_killed_run_leaves_no_process(
    tmp_path: Path, real: Any, kind: signal.Signals, status: int
) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(as_yaml(real(**{"stop.rounds": 4000})))
    command = [sys.executable, "-m", "fedadapter", "run", str(path), "--out", str(tmp_path)]
    run = subprocess.Popen(
        [*command, "--workers", "2"],
        cwd=ROOT,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        stderr=subprocess.PIPE,
        process_group=0,
    )
    assert run.stderr is not None
    while not re.search(rb"round [1-9]", run.stderr.readline()):  # the workers are at work
        pass
    if kind is signal.SIGINT:
        os.killpg(run.pid, kind)  # like a terminal: to all processes of the command
    else:
        run.send_signal(kind)
    assert run.wait(120) == status
    assert b"Traceback" not in run.stderr.read()  # ends when the last process has ended
    run.stderr.close()
    deadline_s = time.monotonic() + 20
    while processes_of(run.pid) and time.monotonic() < deadline_s:
        time.sleep(0.05)  # noqa: TID251  (real time: other processes end)
    assert not processes_of(run.pid)


def processes_of(group: int) -> list[str]:
    listed = subprocess.run(
        ["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if line.split()[0] == str(group)]
