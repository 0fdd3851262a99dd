"""Versions, commit, command line, host and wall time of a run, for manifest.json.

The only module of `sim` that reads them. They never enter a row or a digest of a scenario.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = ("fedadapter-sim", "numpy", "simpy", "torch", "transformers")
_PROJECT = Path(__file__).resolve().parents[2]
_GIT_S = 20.0


def provenance() -> dict[str, Any]:
    """Versions, commit, command line, Python, platform and host name, and the time now."""
    return {
        "versions": dict(_versions()),
        **commit(_PROJECT),
        "command": _command(*sys.argv),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _command(program: str, *arguments: str) -> str:
    """The command line as one types it anywhere: without the path of the program."""
    path = Path(program)
    words = ["python", "-m", path.parent.name] if path.name == "__main__.py" else [path.name]
    return shlex.join([*words, *arguments])


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in _LIBRARIES}


@cache
def commit(project: Path) -> dict[str, Any]:
    """`commit`: of the git checkout whose root is `project`; `dirty`: whether tracked files differ.

    Both are None for an installed package, which its version names, and without git.
    """
    root, head = _git(project, "rev-parse", "--show-toplevel"), _git(project, "rev-parse", "HEAD")
    if not root or not head or Path(root).resolve() != project:
        return {"commit": None, "dirty": None}
    status = _git(project, "status", "--porcelain", "--untracked-files=no")
    return {"commit": head, "dirty": None if status is None else bool(status)}


def _git(project: Path, *arguments: str) -> str | None:
    """The output of a git command, stripped; None if it fails or there is no git."""
    command = ["git", "--no-optional-locks", "-C", str(project), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_GIT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()


def this_process() -> str:
    """The id and host of this process, for messages."""
    return f"process {os.getpid()} on {platform.node() or 'this host'}"


def wall_clock_s() -> float:
    """Real time in seconds since an arbitrary instant; only differences have a meaning."""
    return time.perf_counter()
