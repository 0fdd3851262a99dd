"""Numbers that no run can hold or finish are refused by key, before anything is allocated."""

from __future__ import annotations

from typing import Any

import pytest

from sim.build.checks import check_scenario

ADAPTER = {"kind": "adapter", "depth": 1, "width": 8}

WINDOWS = {"kind": "windows", "windows_s": [[0, 5e-10]], "period_s": 1e-9}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"partition.clients": 10**8}, r"partition.clients must be at most 10,000,000 .*100,000,0"),
        ({"partition.clients": 10**12}, "partition.clients must be at most 1,000,000,000, got 1,0"),
        ({"partition.clients": 10**30}, "partition.clients must be at most 1,000,000,000, got 1,0"),
        ({"task.batches_per_client": 10**300}, "task.batches_per_client must be at most 1,000,000"),
        (
            {"task.batches_per_client": 10**9},
            "10,000,000 texts a client .*, got [1-9],000,000,000 ",
        ),
        (
            {"task.batches_per_client": 10**4, "partition.clients": 10**6},
            "1,000,000,000 in all .* for 1,000,000 clients",
        ),
        ({"stop.rounds": 10**15}, "stop.rounds must be at most 1,000,000,000"),
        (
            {"partition.clients": 100, "rounds.participants": 100, "stop.rounds": 10**9},
            "stop.rounds x rounds.participants must be at most 10,000,000,000 client jobs, got 100",
        ),
        ({"stop.sim_s": 1e300}, r"stop.sim_s must be at most 1e\+100, got 1e\+300"),
        ({"stop.sim_s": 3.6e12}, r"stop.sim_s must be at most 1e\+10 seconds, got 3.6e\+12"),
        (
            {"fleet.server": {"down_mbit_per_s": 2e-8, "link_step_s": 1.0}},
            "fleet.server.down_mbit_per_s must be at least 0.001 .*got 2e-08",
        ),
        (
            {"configurator": {"kind": "sideline", "interval_s": 1e-9}},
            r"configurator.interval_s must be at least 0.001 .*got 1e-09",
        ),
        (
            {
                "fleet.availability": {
                    "kind": "windows",
                    "windows_s": [[0, 5e-10]],
                    "period_s": 1e-9,
                }
            },
            r"fleet.availability.period_s must be at least 0.001",
        ),
        (
            {"configurator": {"kind": "fixed", "config": ADAPTER | {"width": 8 * 10**300}}},
            "configurator.config.width must be at most 1,000,000,000, got 8,0",
        ),
    ],
)
def test_a_number_beyond_any_run_is_refused(make: Any, changes: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        check_scenario(make(**changes))


def test_a_large_run_is_accepted(make: Any) -> None:
    check_scenario(make(**{"partition.clients": 10**6, "stop.rounds": 10**6}))
