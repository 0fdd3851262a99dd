"""The guide's two generators run as they stand and lengthen the round by what they say."""

from __future__ import annotations

import re
import runpy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from simpy import Interrupt

from sim.engine.participation import Participation, compute, download, participate, upload, wait
from sim.runlog import RunError
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


def own_event(job: Any) -> Any:
    yield from download(job)
    yield job.env.timeout(1.0)
    yield from compute(job)
    yield from upload(job)


def waits(job: Any) -> Any:
    yield from download(job)
    yield from wait(job, 1.0)
    yield from compute(job)
    yield from upload(job)


def never_uploads(job: Any) -> Any:
    yield from download(job)
    yield from compute(job)


def catches_interrupts(job: Any) -> Any:
    try:
        yield from participate(job)
    except Interrupt:
        yield job.env.timeout(5.0)


def is_wrong(job: Any) -> Any:
    yield from download(job)
    raise RuntimeError("a mistake of its own")


@pytest.mark.parametrize("own", [own_event, never_uploads])
def test_a_generator_that_leaves_the_stages_is_refused(own: Any, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"participation of client 0 at .* yield from download"):
        run_scenario(world(), out=tmp_path, participation=own)


def test_an_absence_during_an_event_of_its_own_is_refused(tmp_path: Path) -> None:
    windows = {"kind": "windows", "windows_s": [[0, 0.5], [3, 20]], "period_s": 20}
    fleet = smallest()["fleet"] | {"availability": windows}
    with pytest.raises(RunError, match="an absence interrupted an event of its own"):
        run_scenario(world(fleet=fleet), out=tmp_path, participation=own_event)


def test_waiting_is_a_stage(tmp_path: Path) -> None:
    result = run_scenario(world(), out=tmp_path, participation=waits)
    assert result.sim_seconds == pytest.approx(PLAIN_S + 1.0)


def test_a_generator_that_goes_on_after_its_round_is_refused(tmp_path: Path) -> None:
    rounds = {"participants": 3, "deadline_s": 0.5, "max_failures": 1}
    with pytest.raises(RunError, match="go on after the end of their round"):
        run_scenario(world(rounds=rounds), out=tmp_path, participation=catches_interrupts)


def test_an_error_of_the_generator_is_not_taken_for_a_stall(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a mistake of its own"):
        run_scenario(world(), out=tmp_path, participation=is_wrong)


def test_a_generator_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="participation must be a function with a name"):
        run_scenario(world(), out=tmp_path, participation=partial(participate))
