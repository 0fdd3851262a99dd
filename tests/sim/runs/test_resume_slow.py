"""Studies that are killed or interrupted at many moments, and completed by the same command.

Each process is killed at its n-th gradient (in a training pass), its n-th rename in the store (the
temporary file is written, the final one does not exist yet) or its n-th rename in a run directory.
The next process continues from the files that the killed one left.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sim.scenario.file import dump_scenario

ROOT = Path(__file__).parents[3]

# Loaded by every Python process that has its directory on the path: workers as well.
HOOK = """
import os, signal, sys

kind, _, at = os.environ.get("DIE_AT", "").rpartition(" ")
left = int(at or 0)

def tick():
    global left
    left -= 1
    if left == 0:
        from multiprocessing import parent_process

        if kind.startswith("parent") and parent_process() is not None:
            os.kill(os.getppid(), signal.SIGKILL)  # the study's process; its own is the test
        os.kill(os.getpid(), signal.SIGKILL)

def hook(event, args):
    if event == "import" and args[0] == "learner.training.local" and "gradient" in kind:
        import torch
        grad = torch.autograd.grad
        def counted(*args, **kwargs):
            tick()
            return grad(*args, **kwargs)
        torch.autograd.grad = counted
    elif event == "os.rename":
        is_store = "/store/" in os.fspath(args[1])
        if ("store" in kind and is_store) or ("record" in kind and not is_store):
            tick()

if kind:
    sys.addaudithook(hook)
"""

GRADIENTS = [1, 2, 3, 5, 6, 7, 9, 11, 13]
WRITES = [1, 2, 3, 5, 7, 8]
RECORDS = [1, 2, 3]
MOMENTS = [
    *(f"gradient {n}" for n in GRADIENTS),
    *(f"store {n}" for n in WRITES),
    *(f"record {n}" for n in RECORDS),
    "gradient 8",
    "store 4",
    *(f"parent gradient {n}" for n in (4, 6, 10)),
    *(f"parent store {n}" for n in (2, 6)),
]


@pytest.fixture
def study(tmp_path: Path, real: Any) -> Path:
    """Two fixed arms and one with trials, with enough rounds for 25 kills of two workers."""
    sideline = {"kind": "sideline", "interval_s": 0.5, "start": {"depth": 0, "width": 8}}
    arms = {
        "a": {"stop.rounds": 100},
        "b": {"stop.rounds": 101, "rounds.participants": 2},
        "c": {"configurator": sideline, "stop.rounds": 30},
    }
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps({"name": "s", "base": dump_scenario(real()), "arms": arms}))
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(HOOK)
    return path


def start(
    study: Path, place: Path, workers: int, die_at: str = "", session: bool = False
) -> subprocess.Popen[bytes]:
    """Start the study; `place` is its directory of runs and cache."""
    path = os.pathsep.join([str(study.parent / "hook"), str(ROOT)])
    options = ["--out", str(place), "--workers", str(workers), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "fedadapter", "study", str(study), *options],
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": path, "XDG_CACHE_HOME": str(place / "cache"), "DIE_AT": die_at},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=session,
    )


def content(place: Path) -> dict[str, bytes]:
    """The rows of all runs."""
    files = [*place.glob("s/*/*/events.jsonl"), *place.glob("s/*/*/evaluations.jsonl")]
    return {str(file.relative_to(place)): file.read_bytes() for file in sorted(files)}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_study_killed_25_times_ends_with_the_bytes_of_an_uninterrupted_one(
    tmp_path: Path, study: Path, workers: int
) -> None:
    whole = start(study, tmp_path / "whole", workers)
    table = whole.communicate()[0]
    assert whole.returncode == 0
    moments = [m for m in MOMENTS if workers > 1 or not m.startswith("parent")]
    moments += ["gradient 12", "store 9", "gradient 4", "store 6", "gradient 10"][
        : 25 - len(moments)
    ]
    killed = 0
    for moment in moments:
        process = start(study, tmp_path / "killed", workers, die_at=moment)
        process.communicate()
        killed += process.returncode != 0
    assert killed == len(moments) == 25
    last = start(study, tmp_path / "killed", workers)
    output, errors = last.communicate()
    assert last.returncode == 0, errors
    assert content(tmp_path / "killed") == content(tmp_path / "whole")
    assert output == table
    assert not list((tmp_path / "killed").glob("s/**/.lock-owner"))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_a_study_within_2_s_with_one_line_on_how_to_resume(
    tmp_path: Path, real: Any, study: Path, workers: int
) -> None:
    arms = {"a": {"stop.rounds": 4000}, "b": {"stop.rounds": 4001}}
    study.write_text(json.dumps({"name": "s", "base": dump_scenario(real()), "arms": arms}))
    process = start(study, tmp_path / "place", workers, session=True)
    assert process.stderr is not None
    while not re.search(rb'"round": [1-9]', process.stderr.readline()):  # a run is training
        pass
    pressed_s = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    messages = process.stderr.read().decode()
    process.wait()
    took_s = time.monotonic() - pressed_s
    process.stderr.close()
    assert process.stdout is not None
    process.stdout.close()
    lines = [line for line in messages.splitlines() if not line.startswith("{")]
    assert lines == ["Interrupted. To resume, repeat the command."]
    assert (process.returncode, took_s < 2.0) == (130, True), took_s
