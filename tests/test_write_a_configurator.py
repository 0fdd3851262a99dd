"""The guide's example runs as it stands, and keeps the contract as the guide says."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sim.scenario.file import as_yaml, dump_scenario, load_scenario
from sim.testing.configurator_contract import ConfiguratorContract

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/write-a-configurator.md").read_text(encoding="utf-8")
EXAMPLE, SUITE = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)


def names_of(text: str, directory: Path) -> dict[str, Any]:
    path = directory / "example.py"
    path.write_text(text, encoding="utf-8")
    return runpy.run_path(str(path))


def test_the_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "example.py").write_text(EXAMPLE, encoding="utf-8")
    clock = load_scenario(ROOT / "scenarios/paper/clock/20news.yaml", ["stop.rounds=60"])
    (tmp_path / "scenario.yaml").write_text(as_yaml(clock))
    monkeypatch.chdir(tmp_path)
    runpy.run_path("example.py", run_name="__main__")
    assert "rounds=60" in capsys.readouterr().out


def test_the_guides_two_ways_to_name_it_make_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "example.py").write_text(EXAMPLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    clock = dump_scenario(load_scenario(ROOT / "scenarios/paper/clock/20news.yaml"))
    del clock["configurator"]
    texts = re.findall(r"```yaml\n(configurator:.*?)```", GUIDE, flags=re.DOTALL)
    logs = []
    for i, text in enumerate(texts):
        Path(f"{i}.yaml").write_text(yaml.safe_dump(clock) + text, encoding="utf-8")
        command = [sys.executable, "-m", "fedadapter", "run", f"{i}.yaml", "--set", "stop.rounds=9"]
        done = subprocess.run(
            [*command, "--out", str(i)],
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"},
            check=True,
            capture_output=True,
        )
        assert b"9 rounds" in done.stdout
        logs += [file.read_bytes() for file in Path(f"{i}").rglob("events.jsonl")]
    assert len(logs) == 2
    assert logs[0] == logs[1]


class TestDoubtful(ConfiguratorContract):
    @pytest.fixture
    def policy(self, tmp_path: Path) -> Any:
        """As the guide's second example makes it."""
        made = re.search(r"return (Doubtful\(.*\))", SUITE)
        assert made is not None
        names = names_of(EXAMPLE, tmp_path)
        return eval(made[1], names)  # our own guide's text
