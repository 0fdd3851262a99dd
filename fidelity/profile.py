"""Seconds of whole jobs, measured before a run in the process that will do them."""

from __future__ import annotations

import time

from sim.scenario.scenario import Scenario

from .site import Site

_LEAST_JOBS, _ENOUGH_S = 2, 20.0


def job_seconds(site: Site, scenario: Scenario, client_id: int, n_jobs: int) -> list[float]:
    """Seconds of each of `n_jobs` jobs of a client, after one that is not counted.

    Fewer jobs, but at least two, where they take longer than a third of a minute.

    A job is everything from the bytes of the received state to those of the update. The versions
    are negative, so that no batch of the run is seen before it.
    """
    content = site.contents(scenario, site.initial(scenario), -1, [client_id])[client_id]
    seconds: list[float] = []
    for i in range(n_jobs + 1):
        if len(seconds) > _LEAST_JOBS and sum(seconds[1:]) > _ENOUGH_S:
            break
        before_s = time.monotonic()
        site.train(scenario, client_id, -1 - i, content)
        seconds.append(time.monotonic() - before_s)
    return seconds[1:]
