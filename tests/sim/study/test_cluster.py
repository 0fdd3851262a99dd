"""Studies on Ray give the same bytes as in one process, also if a worker is killed."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.runlog import RunError
from sim.runs.progress import RunProgress
from sim.study.definition import Study
from sim.study.study import run_study


@pytest.fixture(scope="module")
def local_ray() -> Iterator[None]:
    """A Ray cluster with two processors on this machine."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield
    ray.shutdown()


def contents(place: Path) -> dict[str, bytes]:
    files = [*place.glob("s/*/*/events.jsonl"), *place.glob("s/*/*/evaluations.jsonl")]
    return {str(file.relative_to(place)): file.read_bytes() for file in sorted(files)}


def ray_workers() -> list[int]:
    """Process ids of the actors that this test has started."""
    import psutil

    below = psutil.Process().children(recursive=True)
    return [process.pid for process in below if "ray::_Worker" in process.name()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("here", "--ray must be auto or HOST:PORT, got here"),
        ("closed", "--ray 127.0.0.1:{port}: no Ray cluster answers (.*refused)"),
        ("auto", "--ray auto: no Ray cluster answers (.*); `ray start --head` starts one"),
    ],
)
def test_an_address_without_a_cluster_is_an_error_of_one_line(
    tmp_path: Path, make: Any, address: str, message: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    place = f"127.0.0.1:{port}" if address == "closed" else address
    study = Study(name="s", arms=(make(),), seeds=(0,))
    expected = message.format(port=port).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(RunError, match=expected) as caught:
        run_study(study, out=tmp_path, ray=place)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("s/*/seed-*"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_a_study_on_ray_with_a_killed_worker_gives_the_bytes_of_one_process(
    tmp_path: Path, real: Any, local_ray: None
) -> None:
    sideline = {"kind": "sideline", "interval_s": 0.5, "start": {"depth": 0, "width": 8}}
    arms = (real(name="one", **{"stop.rounds": 30}), real(name="two", configurator=sideline))
    study = Study(name="s", arms=arms, seeds=(0, 1))
    serial = run_study(study, out=tmp_path / "serial", cache_dir=tmp_path / "a")
    killed: list[int] = []

    def kill_once(progress: RunProgress) -> None:
        if progress.round > 1 and not killed:
            killed.append(ray_workers()[0])
            os.kill(killed[0], signal.SIGKILL)

    options: dict[str, Any] = {"cache_dir": tmp_path / "b", "on_progress": kill_once}
    onray = run_study(study, out=tmp_path / "ray", ray="auto", **options)
    assert killed
    assert [one.events_sha256 for one in onray] == [one.events_sha256 for one in serial]
    assert contents(tmp_path / "ray") == contents(tmp_path / "serial")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_failure_of_one_run_on_ray_does_not_stop_the_others(
    tmp_path: Path, real: Any, local_ray: None
) -> None:
    wild = real(name="wild", training={"optimizer": "sgd", "lr": 1e38, "head_lr": 1e38})
    study = Study(name="s", arms=(wild, real(name="tame", **{"stop.rounds": 2})), seeds=(0,))
    with pytest.raises(RunError, match=r"wild: .*diverged"):
        run_study(study, out=tmp_path, cache_dir=tmp_path / "cache", ray="auto")
    (tame,) = tmp_path.glob("s/tame-*/seed-0000")
    assert (tame / "DONE").exists()
