"""Executes the runs of a study on a Ray cluster. The only module that imports Ray.

All nodes must share the storage of the code, the cache and the run directories (docs/scaling.md).
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sim.runlog import RunError
from sim.runs.progress import ProgressSink, RunProgress
from sim.runs.run import RunResult

from .study_run import ResultOrError, StudyRun, result_or_error

_CONNECT_S = 5.0
_POLL_S = 0.2
_RETRIES = 3
"""How often a worker that has ended is restarted; its run is then resumed."""


def run_on_ray(
    run_scenario: Callable[..., RunResult],
    runs: Sequence[StudyRun],
    address: str,
    on_progress: ProgressSink,
) -> list[ResultOrError]:
    """The result or error of every run, in order. address: "auto" or HOST:PORT.

    There is one actor per processor; it executes one run after another and keeps its loaded models
    and data. Raises RunError if Ray is not installed or no cluster answers.
    """
    with _connected(address) as ray:
        queue = ray.remote(num_cpus=0)(_ProgressQueue).remote()
        send = partial(_send, queue)
        actors = _workers(ray, len(runs))
        waiting = list(enumerate(runs))
        busy: dict[Any, tuple[int, Any]] = {}
        outcomes: dict[int, ResultOrError] = {}
        while waiting or busy:
            while actors and waiting:
                (i, study_run), actor = waiting.pop(0), actors.pop()
                busy[actor.run.remote(run_scenario, study_run, send)] = (i, actor)
            done, _ = ray.wait(list(busy), timeout=_POLL_S)
            for progress in ray.get(queue.take.remote()):
                on_progress(progress)
            for answer in done:
                i, actor = busy.pop(answer)
                outcomes[i] = _result(ray, answer)
                actors.append(actor)
    return [outcomes[i] for i in range(len(runs))]


class _Worker:
    """An actor that executes runs in a process of its own."""

    def __init__(self, directory: str, command: Sequence[str]) -> None:
        os.chdir(directory)
        sys.path.append(directory)  # the user's own configurators, as in commands.app
        sys.argv = list(command)  # for the manifest

    def run(
        self, run_scenario: Callable[..., RunResult], study_run: StudyRun, on_progress: ProgressSink
    ) -> ResultOrError:
        scenario, seed = study_run
        return result_or_error(partial(run_scenario, scenario, seed=seed, on_progress=on_progress))


class _ProgressQueue:
    """An actor that passes progress from the workers to the process that displays it."""

    def __init__(self) -> None:
        self._waiting: list[RunProgress] = []

    def put(self, progress: RunProgress) -> None:
        self._waiting.append(progress)

    def take(self) -> list[RunProgress]:
        taken, self._waiting = self._waiting, []
        return taken


def _send(queue: Any, progress: RunProgress) -> None:
    queue.put.remote(progress)


def _workers(ray: Any, n_runs: int) -> list[Any]:
    """An actor for every processor of the cluster, but at most one per run."""
    n_processors = int(ray.cluster_resources().get("CPU", 1))
    worker = ray.remote(num_cpus=1, max_restarts=_RETRIES, max_task_retries=_RETRIES)(_Worker)
    return [
        worker.remote(str(Path.cwd()), sys.argv) for _ in range(max(1, min(n_runs, n_processors)))
    ]


def _result(ray: Any, answer: Any) -> ResultOrError:
    try:
        result: ResultOrError = ray.get(answer)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        return RunError(f"a Ray worker ended {_RETRIES + 1} times during this run: {reason}")
    return result


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """The ray module, connected to the cluster. An existing connection is used and kept open."""
    try:
        import ray
    except ImportError:
        raise RunError("--ray needs Ray: pip install 'fedadapter-sim[ray]'") from None
    if ray.is_initialized():
        yield ray
        return
    _check_address(address)
    here = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    try:
        ray.init(
            address=address,
            runtime_env={"env_vars": here},
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RunError(
            f"--ray {address}: no Ray cluster answers ({reason}); `ray start --head` starts one"
        ) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Raise RunError if nothing answers at the address; Ray itself would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise RunError(f"--ray must be auto or HOST:PORT, got {address}")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"--ray {address}: no Ray cluster answers ({error})") from None
