"""Limits of a scenario's numbers: what no run could hold in memory, or finish, is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from learner.ranges import require
from sim.scenario.file import dump_scenario
from sim.scenario.scenario import Scenario
from sim.scenario.task import SyntheticTask

MOST_CLIENTS = 10_000_000
"""At 1 to 2 kB for each simulated client, 10 to 20 GB of memory."""

MOST_CLIENT_ROUNDS = 10**10
"""At 10,000 to 100,000 client jobs a second, one to ten days."""

MOST_TEXTS, MOST_CLIENT_TEXTS = 10**9, 10**7
"""Texts of a synthetic task, in all and of one client: 8 bytes each where some are cached."""

_MOST_WHOLE = 10**9
_MOST_NUMBER = 1e100
_MOST_SECONDS = 1e10  # 300 years
_LEAST_PERIOD_S = 1e-3
_LEAST_MBIT_PER_S = 1e-3  # of the server's link, whose capacity is shared anew in every step
_RECURRING = frozenset(
    {"period_s", "link_step_s", "interval_s", "free_s", "busy_s", "step_s", "budget_s"}
)
"""Keys of times that recur all through a run: each makes events, or steps of a trace."""


def check_limits(scenario: Scenario) -> None:
    """Raise ValueError, naming the key, for a number beyond what a run could hold or finish."""
    for path, value in _numbers(dump_scenario(scenario), ()):
        _check_number(".".join(path), path[-1], value)
    clients, participants = scenario.partition.clients, scenario.rounds.participants
    require(
        clients <= MOST_CLIENTS,
        f"partition.clients must be at most {MOST_CLIENTS:,} (1 to 2 kB each), got {clients:,}",
    )
    if isinstance(scenario.task, SyntheticTask):
        _check_texts(scenario.task.batches_per_client * scenario.training.batch_size, clients)
    jobs = (scenario.stop.rounds or 0) * participants
    require(
        jobs <= MOST_CLIENT_ROUNDS,
        f"stop.rounds x rounds.participants must be at most {MOST_CLIENT_ROUNDS:,} client jobs, "
        f"got {jobs:,}",
    )


def _check_texts(of_a_client: int, clients: int) -> None:
    require(
        of_a_client <= MOST_CLIENT_TEXTS and of_a_client * clients <= MOST_TEXTS,
        f"task.batches_per_client x training.batch_size must be at most {MOST_CLIENT_TEXTS:,} "
        f"texts a client and {MOST_TEXTS:,} in all (8 bytes each), got {of_a_client:,} for "
        f"{clients:,} clients",
    )


def _check_number(where: str, key: str, value: float) -> None:
    if isinstance(value, int):
        require(
            abs(value) <= _MOST_WHOLE, f"{where} must be at most {_MOST_WHOLE:,}, got {value:,}"
        )
    require(abs(value) <= _MOST_NUMBER, f"{where} must be at most {_MOST_NUMBER:g}, got {value:g}")
    if key.endswith(("_s", "_h")):
        seconds = value * (3600 if key.endswith("_h") else 1)
        require(
            seconds <= _MOST_SECONDS,
            f"{where} must be at most {_MOST_SECONDS:g} seconds, got {value:g}",
        )
    if key.endswith("_mbit_per_s"):
        require(
            value == 0 or value >= _LEAST_MBIT_PER_S,
            f"{where} must be at least {_LEAST_MBIT_PER_S:g} (a round would take years), got "
            f"{value:g}",
        )
    if key in _RECURRING:
        require(
            value == 0 or value >= _LEAST_PERIOD_S,
            f"{where} must be at least {_LEAST_PERIOD_S:g} (it recurs all through the run), "
            f"got {value:g}",
        )


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Every number in a plain value with its key path; those of own policies are left out."""
    if path[-2:] == ("configurator", "values"):
        return
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _numbers(below, (*path, str(key)))
    elif isinstance(value, list):
        for below in value:
            yield from _numbers(below, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value
