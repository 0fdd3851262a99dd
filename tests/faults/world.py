"""The small world that is attacked: a tiny model and task, scenarios, a study, and the commands.

Each target is a command with the files that it makes. All work in one directory, `work`, which is
set back to a prepared state before each attempt, so that every path is the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.scenario.file import dump_scenario, parse_scenario, set_path
from tests.sim.conftest import smallest
from tests.tiny import write_tiny_model, write_tiny_task

ROOT = Path(__file__).parents[2]

_UNSTABLE = {"manifest.json", "DONE"}
"""They have wall times, or the hash of a file that has."""

LEFTOVERS = ("*.tmp", ".tmp*", ".lock-owner", ".export-*", ".calibrate-*", ".fetch-*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A command. `after`: the commands that prepare its state. `makes`: patterns of its files.

    Paths are relative to `work`.
    """

    name: str
    command: Sequence[str]
    makes: Sequence[str]
    after: Sequence[Sequence[str]] = ()


_RUN_FILES = ("runs/**/*",)
_REAL = ("run", "../real.yaml")
_STUDY = ("study", "../study.yaml", "--workers", "2")
_SMALL = ("study", "../small.yaml", "--workers", "1")

TARGETS = (
    Target(name="time-only run", command=("run", "../timed.yaml"), makes=_RUN_FILES),
    Target(name="training run", command=_REAL, makes=_RUN_FILES),
    Target(name="study, two workers", command=_STUDY, makes=_RUN_FILES),
    Target(name="report", command=("report", "runs/s"), makes=("runs/s/*.html",), after=[_SMALL]),
    Target(
        name="figures",
        command=("figures", "runs/s", "--out", "figures", "--format", "png"),
        makes=("figures/*",),
        after=[_SMALL],
    ),
    Target(
        name="parquet",
        command=("parquet", "runs/s", "--out", "tables"),
        makes=("tables/*",),
        after=[_SMALL],
    ),
    Target(name="export", command=("export", "runs/real", "out"), makes=("out/*",), after=[_REAL]),
    Target(
        name="store prune",
        command=("store", "prune", "--to-mbytes", "0"),
        makes=("runs/**/*",),
        after=[_REAL],
    ),
)


class World:
    """A directory with the inputs, and `work` in it."""

    def __init__(self, place: Path) -> None:
        self.place, self.work = place, place / "work"
        model, task = place / "model", place / "task"
        model.mkdir(parents=True)
        task.mkdir()
        real = {
            "name": "real",
            "model": {"source": str(write_tiny_model(model))},
            "task": {
                "kind": "text",
                "source": str(write_tiny_task(task)),
                "max_tokens": 8,
                "validation": 30,
            },
            "partition": {"kind": "dirichlet", "clients": 10, "alpha": 1.0},
            "learner": {"kind": "torch"},
            "training": {"max_batches": 4, "lr": 5e-3, "head_lr": 2e-2},
            "cost": {"kind": "table", "payload": "exact", "scale": "flops"},
            "stop.rounds": 24,
            "log": "clients",
        }
        timed = {"name": "timed", "stop.rounds": 2500, "log": "clients"}
        self._write("real", real)
        self._write("timed", timed)
        self._write_study("study", n_arms=3, n_rounds=1500)
        self._write_study("small", n_arms=2, n_rounds=40)

    def _write(self, name: str, changes: dict[str, Any]) -> None:
        (self.place / f"{name}.yaml").write_text(json.dumps(_scenario(changes)), encoding="utf-8")

    def _write_study(self, name: str, n_arms: int, n_rounds: int) -> None:
        arms = {f"arm {n}": {"stop.rounds": n_rounds + n} for n in range(n_arms)}
        study = {"name": "s", "base": _scenario({"evaluation.every_rounds": 20}), "arms": arms}
        (self.place / f"{name}.yaml").write_text(json.dumps(study), encoding="utf-8")

    def start(self, command: Sequence[str], before: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start the command line in `work`, in a session of its own, after the words `before`."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "fedadapter", *self._resolved(command)],
            cwd=self.work,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def environment(self) -> dict[str, str]:
        cache = str(self.work / "cache")
        return os.environ | {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": cache, "COLUMNS": "200"}

    def run(self, command: Sequence[str]) -> tuple[int, str]:
        """Run the command line to its end; returns its exit status and standard error."""
        process = self.start(command)
        errors = process.communicate(timeout=300)[1]
        return process.returncode, errors

    def prepare(self, target: Target) -> None:
        """Set `work` to the state in which the target's command is called."""
        kept = self.place / f"after-{' '.join(word for c in target.after for word in c[:1])}"
        shutil.rmtree(self.work, ignore_errors=True)
        if not kept.exists():
            self.work.mkdir()
            for command in target.after:
                status, errors = self.run(command)
                assert status == 0, errors
            self.work.rename(kept)
        shutil.copytree(kept, self.work, dirs_exist_ok=True)

    def content(self, target: Target) -> dict[str, bytes]:
        """The stable files that the target makes, by path."""
        return {
            str(path.relative_to(self.work)): path.read_bytes()
            for pattern in target.makes
            for path in sorted(self.work.glob(pattern))
            if path.is_file() and path.name not in _UNSTABLE and not path.name.startswith(".")
        }

    def leftovers(self) -> list[str]:
        """Unfinished files that a finished command must not leave."""
        found = [path for pattern in LEFTOVERS for path in self.work.rglob(pattern)]
        return sorted(str(path.relative_to(self.work)) for path in found)

    def stored(self) -> dict[str, bytes]:
        """The store's files by path: the work that is finished."""
        store = self.work / "cache/fedadapter/store"
        files = (path for path in store.rglob("*") if path.is_file() and path.suffix != ".tmp")
        return {str(path): path.read_bytes() for path in files}

    def _resolved(self, command: Sequence[str]) -> list[str]:
        """`runs/real` stands for the only run directory of that scenario."""
        found = [str(path) for path in self.work.glob("runs/real-*/seed-0000")]
        return [found[0] if word == "runs/real" else word for word in command]


def _scenario(changes: dict[str, Any]) -> dict[str, Any]:
    mapping = smallest()
    for path, value in changes.items():
        set_path(mapping, path, value)
    return dict(dump_scenario(parse_scenario(mapping, "faults")))
