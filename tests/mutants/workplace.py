"""A copy of the project in which mutmut changes one group's modules and runs its tests.

Docs of mutmut: https://mutmut.readthedocs.io. Results are read from the files that it writes beside
each module, `MODULE.meta`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from .groups import Group
from .mutant import Mutant, Verdict

ROOT = Path(__file__).parents[2]

_PACKAGES = "analysis calibration commands configurator fedadapter fidelity learner sim traces"
_ALSO = "benchmarks docs scenarios CHANGELOG.md README.md constraints.txt mkdocs.yml"
_SKIPPED = [r"^\s*raise \w+\("]
"""Lines that are not changed: exceptions, whose texts the tests quote in part."""

_VERDICTS: dict[int | None, Verdict] = {
    0: "survived",
    5: "no test",
    33: "no test",
    None: "not tried",
}
_TIMEOUTS = {36, 24, -24, 152, 255, -9}


def prepare(place: Path, group: Group) -> None:
    """Copy the project's files to `place`, with the settings of mutmut for this group."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    for old in place.glob("mutants/tests"):
        shutil.rmtree(old)  # mutmut copies them anew
    with (place / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[tool.mutmut]\n")
        for key, value in _settings(group).items():
            settings.write(f"{key} = {json.dumps(value)}\n")


def _settings(group: Group) -> dict[str, object]:
    """`forkserver`: no value that a test cached is there when the next mutant is tried."""
    return {
        "source_paths": _PACKAGES.split(),
        "only_mutate": list(group.modules),
        "also_copy": _ALSO.split(),
        "do_not_mutate_patterns": _SKIPPED,
        "pytest_add_cli_args": ["--hypothesis-profile=mutants"],
        "pytest_add_cli_args_test_selection": list(group.tests),
        "process_isolation": "forkserver",
        "timeout_multiplier": 5.0,
        "timeout_constant": 2.0,
        "use_git_change_detection": False,
    }


def run(place: Path, names: Sequence[str] = ()) -> None:
    """Try the named mutants (none: all), one at a time.

    Raises CalledProcessError if the tests fail without any.
    """
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with (place / "mutmut.log").open("wb") as log:
        subprocess.run(command, cwd=place, env=environment, check=True, stdout=log, stderr=log)


def unnoticed(place: Path) -> list[str]:
    """The names of the mutants that no test noticed, or whose tests took too long."""
    return [one.name for one in _verdicts(place) if one.verdict != "killed"]


def mutants(place: Path) -> Iterator[Mutant]:
    """What became of each mutant, in order of module and name."""
    for one in _verdicts(place):
        yield one if one.is_noticed else replace(one, change=_change(place, one.name))


def _verdicts(place: Path) -> Iterator[Mutant]:
    for path in sorted((place / "mutants").rglob("*.py.meta")):
        meta = json.loads(path.read_text(encoding="utf-8"))
        module = str(path.relative_to(place / "mutants")).removesuffix(".meta")
        for name, code in sorted(meta["exit_code_by_key"].items()):
            verdict = "timeout" if code in _TIMEOUTS else _VERDICTS.get(code, "killed")
            yield Mutant(module=module, name=name, verdict=verdict)


def _change(place: Path, name: str) -> tuple[str, ...]:
    """The changed lines of a mutant, as `-old` and `+new`."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    shown = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True).stdout
    changed = re.findall(r"^([-+])(?![-+]{2} )\s*(.*)$", shown, re.MULTILINE)
    return tuple(f"{sign}{line.strip()}" for sign, line in changed)
