"""Laws that hold in every simulation, tested on random scenarios."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy import Environment

from sim.fleet.link import OneWay
from sim.fleet.shared_link import SharedLink
from sim.runs.run import run_scenario
from sim.scenario.file import load_scenario, parse_scenario
from tests.sim.conftest import smallest
from traces.profiles import device_profile
from traces.step import StepTrace, constant

WORLDS = sorted((Path(__file__).parents[2] / "scenarios/world").glob("*.yaml"))
DEVICES = ["jetson-tx2", "jetson-nano", "raspberry-pi-4b"]


def world(**changes: Any) -> dict[str, Any]:
    """Six clients, four per round, two rounds, constant rates."""
    return smallest() | {
        "name": "law",
        "task": {"kind": "synthetic", "batches_per_client": 5},
        "partition": {"kind": "iid", "clients": 6},
        "rounds": {"participants": 4},
        "log": "clients",
        **changes,
    }


def rows_of(mapping: dict[str, Any], seed: int = 0) -> list[dict[str, Any]]:
    """The rows of a run. The audit has checked them (sim.engine.audit)."""
    with tempfile.TemporaryDirectory() as out:
        result = run_scenario(parse_scenario(mapping, "law"), seed=seed, out=Path(out))
        lines = (result.run_dir / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


steps = st.lists(st.floats(0, 1e6), min_size=1, max_size=6).filter(lambda rates: sum(rates) > 1)
links = st.builds(
    lambda rates, latency_s: OneWay(
        StepTrace(
            times_s=np.arange(len(rates), dtype=np.float64),
            values=np.array(rates),
            period_s=float(len(rates)),
        ),
        latency_s,
    ),
    rates=steps,
    latency_s=st.floats(0, 1),
)


@given(link=links, start_s=st.floats(0, 50), n_bytes=st.integers(1, 10**6))
def test_a_transfer_delivers_its_bytes_at_the_earliest_instant(
    link: OneWay, start_s: float, n_bytes: int
) -> None:
    end_s = start_s + link.time_for(start_s, n_bytes)
    assert link.done_by(start_s, end_s) == pytest.approx(n_bytes, rel=1e-6, abs=1e-3)
    a_little = 1e-6 * (1 + end_s)
    before = link.done_by(start_s, max(end_s - a_little, start_s))
    assert before <= n_bytes * (1 + 1e-9)
    assert link.time_for(start_s, n_bytes + 1) >= link.time_for(start_s, n_bytes)
    later_s = start_s + 0.5
    assert later_s + link.time_for(later_s, n_bytes) >= end_s - a_little


@given(
    shares=st.sets(st.sampled_from(DEVICES), min_size=1),
    down=st.floats(0.01, 100),
    up=st.floats(0.01, 100),
    latency_s=st.floats(0, 2),
    depth=st.integers(0, 12),
)
@settings(max_examples=30)
def test_at_constant_rates_a_round_takes_as_long_as_its_slowest_client(
    shares: set[str], down: float, up: float, latency_s: float, depth: int
) -> None:
    devices = {name: 1 / len(shares) for name in sorted(shares)}
    network = {"kind": "constant", "down_mbytes_per_s": down, "up_mbytes_per_s": up}
    config = {"kind": "adapter", "depth": depth, "width": 8}
    rows = rows_of(
        world(
            fleet={"devices": devices, "network": network | {"latency_s": latency_s}},
            partition={"kind": "iid", "clients": 30},
            rounds={"participants": 30},
            configurator={"kind": "fixed", "config": config},
        )
    )
    (first, _) = (row for row in rows if row["row"] == "round")
    payload = 80_000 + 50_000 * depth
    batch_s = 0.09 * depth if depth else 0.02  # the published row with cached activations
    seconds = max(5 * batch_s * device_profile(name).factor for name in shares)
    expected_s = payload / down / 1e6 + payload / up / 1e6 + 2 * latency_s + seconds
    assert first["t_s"] == pytest.approx(expected_s, rel=1e-9)


@given(rate=st.floats(0.05, 5), more=st.floats(1, 4), seed=st.integers(0, 50))
@settings(max_examples=20)
def test_more_bandwidth_never_lengthens_the_round_of_a_fixed_cohort(
    rate: float, more: float, seed: int
) -> None:
    ends = []
    for factor in (1.0, more):
        fleet = {
            "devices": {"jetson-tx2": 0.5, "jetson-nano": 0.5},
            "jitter": 0.3,
            "network": {
                "kind": "constant",
                "down_mbytes_per_s": rate * factor,
                "up_mbytes_per_s": rate * factor,
            },
        }
        rows = rows_of(world(fleet=fleet, stop={"rounds": 1}), seed)
        ends.append(rows[-1]["t_s"])
    assert ends[1] <= ends[0] * (1 + 1e-12)


fleets = st.fixed_dictionaries(
    {
        "devices": st.just({"jetson-tx2": 0.5, "raspberry-pi-4b": 0.5}),
        "network": st.sampled_from(
            [
                {"kind": "constant", "down_mbytes_per_s": 1, "up_mbytes_per_s": 0.1},
                *(
                    {
                        "kind": "trace",
                        "downlink": "lte.down",
                        "uplink": "lte.up",
                        "latency_s": 0.1,
                        "transport": {"kind": transport},
                    }
                    for transport in ("fluid", "tcp")
                ),
            ]
        ),
        "availability": st.builds(
            lambda on_s, off_s, stagger_s, when: {
                "kind": "windows",
                "windows_s": [[0, on_s]],
                "period_s": on_s + off_s,
                "stagger_s": stagger_s,
                "when_offline": when,
            },
            on_s=st.floats(0.5, 20),
            off_s=st.floats(0.5, 20),
            stagger_s=st.floats(0, 5),
            when=st.sampled_from(["drop", "pause", "restart"]),
        ),
        "load": st.just({"kind": "on-off", "free_s": 2, "busy_s": 2, "busy_speed": 0.3}),
        "jitter": st.floats(0, 0.5),
        "p_dropout": st.floats(0, 0.5),
        "server": st.fixed_dictionaries(
            {"down_mbit_per_s": st.none() | st.floats(0.5, 50), "aggregation_s": st.floats(0, 1)}
        ),
    }
)
rules = st.fixed_dictionaries(
    {
        "participants": st.integers(1, 4),
        "overcommit": st.floats(1, 2),
        "deadline_s": st.floats(1, 60),
        "on_failure": st.sampled_from(["retry", "abandon"]),
        "max_failures": st.just(5),
    }
)


@given(fleet=fleets, rounds=rules, seed=st.integers(0, 50))
@settings(max_examples=60)
def test_every_second_byte_and_joule_is_accounted_for_despite_all_faults(
    fleet: dict[str, Any], rounds: dict[str, Any], seed: int
) -> None:
    limits = {"rounds": 3, "sim_s": 400}
    *rows, end = rows_of(world(fleet=fleet, rounds=rounds, stop=limits), seed)
    by_round: list[dict[str, Any]] = []
    for row in rows:
        by_round.append(row)
        if row["row"] != "round":
            continue
        *clients, total = by_round
        by_round = []
        length_s = total["t_s"] - total["start_s"]
        for client in clients:
            spent_s = sum(client[f"{k}_s"] for k in ("wait", "down", "compute", "up", "idle"))
            assert spent_s + client["gone_s"] == pytest.approx(length_s, rel=1e-9, abs=1e-9)
            assert client["outcome"] != "open"
        for key in ("down_bytes", "up_bytes", "lost_bytes"):
            assert total[key] == sum(client[key] for client in clients)
        for key in ("energy_j", "lost_j", "compute_s", "wait_s", "gone_s"):
            assert total[key] == pytest.approx(sum(client[key] for client in clients))
        assert [c["client"] for c in clients] == total["clients"]
    totals = [row for row in rows if row["row"] == "round"]
    assert end["down_bytes"] == sum(row["down_bytes"] for row in totals)
    assert end["energy_j"] == pytest.approx(sum(row["energy_j"] for row in totals))
    instants = [row["t_s"] for row in totals]
    assert instants == sorted(instants)


@pytest.mark.parametrize("when_offline", ["drop", "pause", "restart"])
def test_a_shared_link_of_unlimited_capacity_gives_the_rows_of_separate_links(
    when_offline: str,
) -> None:
    availability = {"kind": "windows", "windows_s": [[0, 2.3]], "period_s": 3.1, "stagger_s": 0.7}
    fleet = {
        "devices": {"jetson-tx2": 0.5, "jetson-nano": 0.5},
        "network": {"kind": "constant", "down_mbytes_per_s": 1, "up_mbytes_per_s": 0.1},
        "availability": availability | {"when_offline": when_offline},
        "jitter": 0.3,
        "p_dropout": 0.2,
    }
    rules = {"participants": 4, "deadline_s": 7.77, "max_failures": 5}
    both = []
    for rate in (None, 1e6):
        server = {"down_mbit_per_s": rate, "up_mbit_per_s": rate}
        both.append(rows_of(world(fleet=fleet | {"server": server}, rounds=rules), seed=1))
    assert len(both[0]) == len(both[1])
    for private, shared in zip(*both, strict=True):
        assert private.keys() == shared.keys()
        for key, value in private.items():
            if isinstance(value, float | int):  # each client's bytes are rounded
                slack = {"abs": 8} if key.endswith("_bytes") else {"rel": 1e-6, "abs": 1e-9}
                assert shared[key] == pytest.approx(value, **slack), key
            else:
                assert shared[key] == value


def test_the_level_of_detail_of_the_log_changes_no_round() -> None:
    kept: list[list[dict[str, Any]]] = []
    for log in ("rounds", "clients", "all"):
        availability = {"kind": "windows", "windows_s": [[0, 3]], "period_s": 4, "stagger_s": 0.3}
        mapping = world(log=log, stop={"rounds": 6})
        mapping["fleet"] = mapping["fleet"] | {"availability": availability, "jitter": 0.3}
        kept.append([row for row in rows_of(mapping) if row["row"] in ("round", "end")])
    assert kept[0] == kept[1] == kept[2]


def test_a_shared_link_with_poisson_arrivals_has_the_mean_time_of_an_m_m_1_queue() -> None:
    # M/M/1 with processor sharing: the mean time in the system is 1 / (mu - lambda).
    rng = np.random.Generator(np.random.Philox(5))
    n, arrivals_per_s, mean_bytes, capacity = 20_000, 0.6, 100.0, 100.0
    gaps_s = rng.exponential(1 / arrivals_per_s, n).tolist()
    sizes = rng.exponential(mean_bytes, n).tolist()
    env = Environment()
    link = SharedLink(env, capacity, 1e6)
    spent_s: list[float] = []

    def customer(n_bytes: float) -> Any:
        start_s = env.now
        yield link.begin(constant(1e9), 0.0, n_bytes).over
        spent_s.append(env.now - start_s)

    def source() -> Any:
        for gap_s, n_bytes in zip(gaps_s, sizes, strict=True):
            yield env.timeout(gap_s)
            env.process(customer(n_bytes))

    env.process(source())
    env.run()
    assert np.mean(spent_s) == pytest.approx(1 / (1.0 - 0.6), rel=0.08)


@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_every_scenario_in_scenarios_world_runs_and_passes_the_audit(
    path: Path, tmp_path: Path
) -> None:
    scenario = load_scenario(path)
    assert run_scenario(scenario, out=tmp_path).rounds == scenario.stop.rounds
