"""A pool of worker processes leaves no process behind."""

from __future__ import annotations

import multiprocessing
import signal
from concurrent.futures.process import BrokenProcessPool

import pytest

from learner.training.worker_processes import WorkerProcesses


def begin() -> None:
    """Nothing to prepare."""


def test_a_pool_that_lost_a_process_leaves_none_behind() -> None:
    # The executor's own thread also ends processes and may not have finished.
    for _ in range(8):
        pool = WorkerProcesses(3, begin)
        busy = [pool.submit(signal.pause) for _ in range(3)]
        first = min(multiprocessing.active_children(), key=lambda process: process.pid or 0)
        first.kill()  # of one that has just been started the executor might not know yet
        with pytest.raises(BrokenProcessPool):
            busy[0].result()
        pool.kill()
        assert not multiprocessing.active_children()
