"""Process: the server of the deployment. It sends states, collects updates and aggregates them.

Arguments: scenario file, seed. Orders come as lines of JSON on standard input (see `obey`), answers
go to standard output; the process ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from learner.training.packed import pack
from sim import Scenario, load_scenario
from sim.runs.run import default_cache_dir

from .connections import Connections
from .exchange import hold_round
from .record import Record
from .site import Site

Run = Callable[[Site, Scenario, dict[str, Any]], dict[str, Any]]
"""Holds all rounds of a scenario as an order says; returns what was measured."""


def run(site: Site, scenario: Scenario, order: dict[str, Any]) -> dict[str, Any]:
    """All rounds of a scenario with the clients that connect; returns what was measured."""
    n_clients, start_s = scenario.partition.clients, order["start_s"]
    state, record = site.initial(scenario), Record(site, scenario, start_s)
    contents = site.contents(scenario, state, 0, range(n_clients))
    with Connections(order["port"], order["absences_s"], start_s) as connections:
        time.sleep(max(start_s - time.monotonic(), 0.0))
        version = 0
        while version < (scenario.stop.rounds or 0):
            cohort = connections.wait_for_cohort(range(n_clients))
            begun_s = time.monotonic()
            exchanges = hold_round(
                connections, cohort, version, contents, scenario.rounds.deadline_s
            )
            updates = {one.client: one.update for one in exchanges if one.update is not None}
            reported_s = time.monotonic()
            if updates:
                state = site.aggregate(scenario, state, version, updates)
                contents = site.contents(scenario, state, version + 1, range(n_clients))
            record.add_round(version, begun_s, exchanges, reported_s)
            version += bool(updates)  # a round to which nobody reported is held again
        connections.finish(n_clients)
    return record.answer(site.evaluate(scenario, state).accuracy)


def aggregation_seconds(site: Site, scenario: Scenario, n_times: int) -> list[float]:
    """Seconds of each of some aggregations, from the updates' bytes to the state's."""
    state, ids = site.initial(scenario), range(scenario.rounds.participants)
    jobs, bits = [site.job(scenario, i, 0) for i in ids], scenario.exchange.up_bits
    updates = {i: pack(state, bits, job, "up") for i, job in zip(ids, jobs, strict=True)}
    seconds = []
    for _ in range(n_times + 1):
        before_s = time.monotonic()
        site.contents(scenario, site.aggregate(scenario, state, 0, updates), 0, ids)
        seconds.append(time.monotonic() - before_s)
    return seconds[1:]


def obey(site: Site, hold: Run) -> None:
    """Follow orders: {"order": "run" or "profile", "scenario": file, ...}."""
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        scenario = load_scenario(order["scenario"])
        if order["order"] == "profile":
            answer: Any = {"seconds": aggregation_seconds(site, scenario, order["jobs"])}
        else:
            answer = hold(site, scenario, order)
        print(json.dumps(answer), flush=True)


def serve(hold: Run) -> None:
    """The process, whose rounds `hold` holds."""
    scenario, seed = load_scenario(sys.argv[1]), int(sys.argv[2])
    site = Site.load(scenario, seed, default_cache_dir())
    print(json.dumps({"ready": os.getpid()}), flush=True)
    obey(site, hold)


if __name__ == "__main__":
    serve(run)
