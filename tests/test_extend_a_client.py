"""The guide's two generators run as they stand and lengthen the round by what they say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from sim.engine.participation import Participation
from sim.runs.run import run_scenario
from sim.scenario.file import as_yaml, parse_scenario
from tests.sim.conftest import smallest

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/extend-a-client.md").read_text(encoding="utf-8")
_, ENCRYPTING, THROTTLED = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)

PLAIN_S = 0.13 + 0.9 + 0.26
"""A round of the smallest scenario: 130,000 bytes down at 1 MB/s, ten batches, up at 0.5 MB/s."""


def generator(text: str, name: str, directory: Path) -> Participation:
    path = directory / "example.py"
    path.write_text(text, encoding="utf-8")
    found: Participation = runpy.run_path(str(path))[name]
    return found


def world(**changes: Any) -> Any:
    return parse_scenario(smallest() | {"stop": {"rounds": 1}, "log": "clients", **changes}, "test")


@pytest.mark.parametrize("text", [ENCRYPTING, THROTTLED])
def test_an_example_is_short_and_runs(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(text.splitlines()) < 30
    (tmp_path / "example.py").write_text(text, encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(as_yaml(world()), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("example.py", run_name="__main__")
    assert float(capsys.readouterr().out) >= PLAIN_S - 1e-9


def test_encryption_takes_the_updates_bytes_at_its_speed(tmp_path: Path) -> None:
    encrypting = generator(ENCRYPTING, "encrypting", tmp_path)
    result = run_scenario(world(), out=tmp_path, participation=encrypting)
    assert result.sim_seconds == pytest.approx(PLAIN_S + 130_000 / 2e6)


def test_a_hot_device_computes_at_half_speed(tmp_path: Path) -> None:
    throttled = generator(THROTTLED, "throttled", tmp_path)
    long = {"kind": "synthetic", "batches_per_client": 200}  # 18 s, of which 8 s are hot
    result = run_scenario(world(task=long), out=tmp_path, participation=throttled)
    assert result.sim_seconds == pytest.approx(0.13 + 10.0 + 2 * 8.0 + 0.26)


def test_an_absence_interrupts_a_stage_of_ones_own(tmp_path: Path) -> None:
    encrypting = generator(ENCRYPTING, "encrypting", tmp_path)
    fleet = smallest()["fleet"] | {
        "availability": {
            "kind": "windows",
            "windows_s": [[0, 1.05], [3, 20]],
            "period_s": 20,
            "when_offline": "pause",
        }
    }
    result = run_scenario(world(fleet=fleet), out=tmp_path, participation=encrypting)
    assert result.sim_seconds == pytest.approx(PLAIN_S + 0.065 + (3 - 1.05))


def test_the_run_is_named_after_its_generator(tmp_path: Path) -> None:
    encrypting = generator(ENCRYPTING, "encrypting", tmp_path)
    own = run_scenario(world(), out=tmp_path, participation=encrypting)
    plain = run_scenario(world(), out=tmp_path)
    assert own.run_dir != plain.run_dir
    assert '"participation": "<run_path>.encrypting"' in (own.run_dir / "manifest.json").read_text()
