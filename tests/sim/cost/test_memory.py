"""Memory: published and estimated peaks, and clients that lack the memory for a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from learner.encoder.architecture import BERT_BASE, MINILM_L6
from learner.spec import Adapter, Freeze, Full, TuningConfig
from sim.cost.memory import estimated_bytes
from sim.cost.table import TableCostModel
from sim.runs.run import run_scenario
from traces import published
from traces.profiles import device_profile

TX2 = device_profile("jetson-tx2")
MIXED = {
    "fleet.devices": {"jetson-tx2": 1 / 3, "jetson-nano": 1 / 3, "raspberry-pi-4b": 1 / 3},
    "partition.clients": 12,
    "rounds.participants": 3,
}
FULL = {"configurator": {"kind": "fixed", "config": {"kind": "full"}}, "stop.rounds": 3}


def test_the_estimate_is_near_every_published_peak() -> None:
    residuals = []
    for row, peaks in published.BERT_BASE.memory_gb.items():
        for depth, peak_gb in enumerate(peaks):
            config: TuningConfig = Adapter(depth=depth, width=8)
            if row == "full":
                config = Full() if depth == 12 else Freeze(depth=depth)
            estimate = estimated_bytes(
                BERT_BASE,
                config,
                n_labels=0,
                tokens=256,
                batch_size=4,
                is_cached=row.endswith("cached"),
            )
            residuals.append(abs(estimate / (peak_gb * 1e9) - 1))
    assert len(residuals) == 3 * 13
    assert max(residuals) < 0.25
    assert sum(residual < 0.15 for residual in residuals) >= 37


def test_a_table_measured_with_the_model_gives_its_own_peaks() -> None:
    cost = TableCostModel(architecture=BERT_BASE, n_labels=20, payload="published")
    assert cost.memory_bytes(TX2, Full(), "none") == 5_300_000_000
    assert cost.memory_bytes(TX2, Adapter(depth=2, width=8), "hit") == 900_000_000
    assert cost.memory_bytes(TX2, Adapter(depth=2, width=8), "fill") == 1_300_000_000


def test_the_estimate_grows_with_depth_and_trained_parameters() -> None:
    def peak(config: Any, is_cached: bool = False) -> int:
        return estimated_bytes(
            MINILM_L6, config, n_labels=47, tokens=32, batch_size=4, is_cached=is_cached
        )

    adapters = [peak(Adapter(depth=depth, width=8)) for depth in range(7)]
    assert adapters == sorted(adapters)
    assert peak(Adapter(depth=2, width=8)) < peak(Freeze(depth=2)) < peak(Full())
    assert peak(Adapter(depth=2, width=8), is_cached=True) < peak(Adapter(depth=2, width=8))


def test_clients_that_lack_the_memory_take_no_part_and_are_recorded(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    log = rows(run_scenario(make(**MIXED, **FULL), out=tmp_path).run_dir)
    refusal = log[0]
    assert refusal["row"] == "refusal"
    # Full fine-tuning of BERT-base peaks at 5.3 GB; Nano and Pi have 4.
    assert refusal["refused_clients"] == {"jetson-nano": 4, "raspberry-pi-4b": 4}
    assert refusal["needed_bytes"] == dict.fromkeys(refusal["refused_clients"], 5_300_000_000)
    assert refusal["limit_bytes"] == dict.fromkeys(refusal["refused_clients"], 4_000_000_000)
    assert refusal["share"] == 8 / 12
    whole = make(**MIXED, **FULL, **{"fleet.memory_share": None})
    free = rows(run_scenario(whole, out=tmp_path).run_dir)
    assert free[0]["row"] == "round"
    selected = {c for row in log if row["row"] == "round" for c in row["clients"]}
    assert len(selected) <= 4
    assert all(len(row["clients"]) == 3 for row in log if row["row"] == "round")


def test_the_next_clients_in_keyed_order_replace_those_that_lack_the_memory(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = MIXED | FULL | {"stop.rounds": 1}
    selected = rows(run_scenario(make(**changes), out=tmp_path).run_dir)[1]["clients"]
    everybody = changes | {"fleet.memory_share": None, "rounds.participants": 12}
    in_order = []
    for n in range(1, 13):
        scenario = make(**everybody | {"rounds.participants": n})
        cohort = rows(run_scenario(scenario, out=tmp_path).run_dir)[0]["clients"]
        in_order += [client for client in cohort if client not in in_order]
    seconds = {
        row["client"]: row["compute_s"]
        for row in rows(run_scenario(make(**everybody, log="clients"), out=tmp_path).run_dir)
        if row["row"] == "client"
    }
    fastest = min(seconds.values())  # the TX2s
    assert selected == sorted([c for c in in_order if seconds[c] == fastest][:3])


def test_a_run_ends_with_the_reason_if_no_client_has_the_memory(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = FULL | {"fleet.memory_share": 0.5}
    *_, end = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert (end["lineage_round"], end["reason"]) == (0, "no device has the memory for full")


def test_a_branch_that_no_client_has_the_memory_for_never_wins(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    # Adapters peak at 1.3 GB at depth 2 and 1.6 at depth 3; the TX2 may give 1.4.
    changes = {
        "configurator": {"kind": "sideline", "interval_s": 20, "start": {"depth": 2, "width": 8}},
        "cache.price_misses": True,
        "fleet.memory_share": 0.175,
        "stop.rounds": 8,
    }
    log = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    decisions = [row for row in log if row["row"] == "decision"]
    assert decisions
    assert all(row["rounds"]["deeper"] == 0 for row in decisions)
    assert all(row["chosen"] != "deeper" for row in decisions)
    assert {row["branch"] for row in log if row["row"] == "refusal"} == {"deeper"}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("available", {}),
        ("fedcs", {"deadline_s": 5.0}),
        ("tifl", {"tiers": 3}),
        ("power-of-choice", {}),
        ("oort", {}),
    ],
)
def test_every_selection_policy_runs_and_repeats_its_bytes(
    tmp_path: Path, make: Any, kind: str, changes: Any
) -> None:
    scenario = make(**MIXED, selection={"kind": kind} | changes, **{"stop.rounds": 6})
    one, two = (run_scenario(scenario, out=tmp_path / name) for name in "ab")
    assert one.rounds == 6
    assert one.events_sha256 == two.events_sha256
    uniform = run_scenario(make(**MIXED, **{"stop.rounds": 6}), out=tmp_path)
    # With clients that are always available, `available` selects like `uniform`.
    assert (one.events_sha256 == uniform.events_sha256) == (kind == "available")
