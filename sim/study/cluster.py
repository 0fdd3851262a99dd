"""A study's runs on a Ray cluster, one run a task: the only file that knows Ray.

Code, cache and run directories must lie on storage that all nodes share (docs/scaling.md).
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sim.runlog import RunError
from sim.runs.progress import ProgressSink, RunProgress
from sim.runs.run import RunResult

from .outcome import Job, Outcome, outcome

_CONNECT_S = 5.0
_POLL_S = 0.2
_RETRIES = 3
"""How often a worker that died is started again; its run goes on from the store."""


def run_on_ray(
    run: Callable[..., RunResult], jobs: Sequence[Job], address: str, on_progress: ProgressSink
) -> list[Outcome]:
    """The outcome of every job, in order, whatever the nodes; `address` is "auto" or HOST:PORT.

    One actor a processor trains run after run and keeps what its process has loaded. Raises
    RunError where Ray is not installed or no cluster answers.
    """
    with _connected(address) as ray:
        news = ray.remote(num_cpus=0)(_News).remote()
        tell = partial(_send, news)
        actors = _workers(ray, len(jobs))
        waiting = list(enumerate(jobs))
        busy: dict[Any, tuple[int, Any]] = {}
        outcomes: dict[int, Outcome] = {}
        while waiting or busy:
            while actors and waiting:
                (i, job), actor = waiting.pop(0), actors.pop()
                busy[actor.run.remote(run, job, tell)] = (i, actor)
            done, _ = ray.wait(list(busy), timeout=_POLL_S)
            for progress in ray.get(news.take.remote()):
                on_progress(progress)
            for answer in done:
                i, actor = busy.pop(answer)
                outcomes[i] = _result(ray, answer)
                actors.append(actor)
    return [outcomes[i] for i in range(len(jobs))]


class _Worker:
    """Runs one job after another in a process of its own."""

    def __init__(self, directory: str) -> None:
        os.chdir(directory)

    def run(self, run: Callable[..., RunResult], job: Job, tell: ProgressSink) -> Outcome:
        scenario, seed = job
        return outcome(partial(run, scenario, seed=seed, on_progress=tell))


class _News:
    """Progress on its way from the workers to whoever shows it."""

    def __init__(self) -> None:
        self._news: list[RunProgress] = []

    def put(self, progress: RunProgress) -> None:
        self._news.append(progress)

    def take(self) -> list[RunProgress]:
        news, self._news = self._news, []
        return news


def _send(news: Any, progress: RunProgress) -> None:
    news.put.remote(progress)


def _workers(ray: Any, n_jobs: int) -> list[Any]:
    """An actor for every processor of the cluster, but no more than there are jobs."""
    n_processors = int(ray.cluster_resources().get("CPU", 1))
    worker = ray.remote(num_cpus=1, max_restarts=_RETRIES, max_task_retries=_RETRIES)(_Worker)
    return [worker.remote(str(Path.cwd())) for _ in range(max(1, min(n_jobs, n_processors)))]


def _result(ray: Any, answer: Any) -> Outcome:
    try:
        result: Outcome = ray.get(answer)
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[0]
        return RunError(f"a Ray worker died {_RETRIES + 1} times; {reason}")
    return result


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """The ray module, connected; a connection that was there before stays."""
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
    """Ray itself would try for minutes to reach an address where nobody is."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise RunError(f"--ray must be auto or HOST:PORT, got {address}")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise RunError(f"--ray {address}: no Ray cluster answers ({error})") from None
