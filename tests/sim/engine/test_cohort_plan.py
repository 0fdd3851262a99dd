"""Planned together, a cohort does what its clients would do planned one by one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.spec import Shard
from sim.build.build import build_world
from sim.engine.cohort_plan import Lines
from sim.engine.plan import DOWN, Stretch, Task, look_ahead, undisturbed
from sim.fleet.availability import Presence
from sim.fleet.client import Client
from sim.fleet.device import Device
from sim.fleet.link import Link, OneWay
from sim.runlog import RunLog
from sim.runs.run import simulate
from traces.availability import always
from traces.profiles import device_profile
from traces.reshape import scale
from traces.step import StepTrace, constant
from traces.synthetic import bandwidth

LTE = bandwidth("lte.down", np.random.default_rng(7), 600.0)
LTE_UP = scale(LTE, 0.5)


def client(client_id: int, link: Link, speed: StepTrace | None = None) -> Client:
    presence = Presence(always)
    presence.is_on(0.0)
    return Client(
        shard=Shard(client_id=client_id, n_samples=4, digest=str(client_id)),
        device=Device(device_profile("jetson-tx2"), speed),
        link=link,
        n_batches=1,
        presence=presence,
    )


def link(offset_s: float = 0.0, down: StepTrace = LTE, latency_s: float = 0.02) -> Link:
    return Link(OneWay(down, latency_s, offset_s), OneWay(LTE_UP, latency_s, offset_s))


JOB = st.tuples(
    st.floats(0.0, 600.0), st.integers(0, 10**8), st.floats(0.0, 1e3), st.integers(0, 10**8)
)


@given(
    st.lists(JOB, min_size=1, max_size=30),
    st.floats(0.0, 1e6),
    st.sampled_from([LTE, constant(1e6)]),
)
def test_the_ends_are_those_of_looking_ahead_to_the_last_bit(
    jobs: list[tuple[float, int, float, int]], at_s: float, trace: StepTrace
) -> None:
    up = scale(trace, 0.5)
    clients = [
        client(i, Link(OneWay(trace, 0.02, job[0]), OneWay(up, 0.02, job[0])))
        for i, job in enumerate(jobs)
    ]
    lines = Lines.of(clients)
    assert lines is not None
    ids = range(len(jobs))[::-1]  # any order, any choice
    amounts = [jobs[i][1:] for i in ids]
    for i, own, ends_s in zip(ids, amounts, lines.ends_s(ids, at_s, amounts), strict=True):
        who = clients[i]
        task = Task((who.link.down, who.device, who.link.up), own, 3, who.presence, "drop")
        stretches: list[Stretch] = []
        ending = look_ahead(task, stretches, at_s, DOWN, own[DOWN])
        if not math.isnan(ends_s[2]):
            assert undisturbed(task, at_s, ends_s) == stretches
            assert ending[:2] == ("done", ends_s[2])
        else:  # nothing but what goes on beyond the end of a trace is left to look_ahead
            assert trace is LTE


@pytest.mark.parametrize(
    "other",
    [
        {"link": Link(link().down, link().down)},
        {"link": link(down=constant(1.0))},
        {"link": link(latency_s=0.5)},
        {"link": link(), "speed": constant(0.5)},
    ],
)
def test_clients_that_differ_in_kind_have_no_lines(other: dict[str, Any]) -> None:
    assert Lines.of([client(0, link()), client(1, link(9.0))]) is not None
    assert Lines.of([client(0, link()), client(1, **other)]) is None


@pytest.mark.parametrize("rule", ["drop", "pause", "restart"])
@pytest.mark.parametrize("log", ["rounds", "all"])
def test_a_run_writes_the_same_bytes_with_and_without_lines(
    rule: str, log: str, tmp_path: Path, make: Any
) -> None:
    changes = {
        "partition.clients": 120,
        "rounds.participants": 40,
        "stop.rounds": 4,
        "log": log,
        "fleet.network": {"kind": "trace", "downlink": "lte.down", "uplink": "lte.up"},
        "fleet.availability": {
            "kind": "windows",
            "windows_s": [[0, 60]],
            "period_s": 90,
            "stagger_s": 7,
            "when_offline": rule,
        },
        "fleet.jitter": 0.2,
        "fleet.p_dropout": 0.1,
    }
    scenario = make(**changes)

    def told(name: str, **other: Any) -> bytes:
        (tmp_path / name).mkdir()
        run_log = RunLog(tmp_path / name)
        world = build_world(scenario, seed=1, log=run_log, cache_dir=tmp_path)
        assert world.lines is not None
        simulate(replace(world, **other))
        run_log.close()
        return (tmp_path / name / "events.jsonl").read_bytes()

    assert told("together") == told("one-by-one", lines=None)
