"""Synchronous rounds against logs computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.runs.run import run_scenario


def test_a_round_lasts_as_long_as_its_slowest_client(tmp_path: Path, make: Any, rows: Any) -> None:
    # (1, 8): 130,000 bytes each way: 0.13 s down at 1 MB/s, 0.26 s up at 0.5 MB/s.
    # Ten batches of 0.09 s on the TX2, twice that on the Nano, 20 times on the Pi.
    thirds = {"jetson-tx2": 1 / 3, "jetson-nano": 1 / 3, "raspberry-pi-4b": 1 / 3}
    everybody = {"partition.clients": 12, "rounds.participants": 12}
    scenario = make(**everybody, **{"fleet.devices": thirds, "stop.rounds": 1})
    result = run_scenario(scenario, out=tmp_path)
    slowest_s = 0.13 + 0.09 * 20 * 10 + 0.26
    assert result.sim_seconds == slowest_s
    (row, end) = rows(result.run_dir)
    assert row["compute_s"] == pytest.approx(4 * (1 + 2 + 20) * 0.09 * 10)
    assert row["down_bytes"] == row["up_bytes"] == 12 * 130_000
    assert (end["t_s"], end["lineage_round"], end["reason"]) == (slowest_s, 1, "stop.rounds")


def test_the_whole_log_of_one_client_is_as_computed_by_hand(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = {
        "partition.clients": 1,
        "rounds.participants": 1,
        "stop.rounds": 1,
        "log": "all",
        "cache.price_misses": True,
        "fleet.network.latency_s": 0.25,
    }
    result = run_scenario(make(**changes), out=tmp_path)
    told = [
        (row["row"], row.get("start_s"), row["t_s"], row.get("bytes"), row.get("cache"))
        for row in rows(result.run_dir)
    ]
    downloaded_s, computed_s = 0.38, 0.38 + 10 * 0.57  # an empty cache: the row without one
    finished_s = computed_s + 0.25 + 0.26
    assert told == [
        ("transfer", 0.0, downloaded_s, 130_000, None),
        ("compute", downloaded_s, computed_s, None, "fill"),
        ("transfer", computed_s, pytest.approx(finished_s), 130_000, None),
        ("client", 0.0, pytest.approx(finished_s), None, "fill"),
        ("round", 0.0, pytest.approx(finished_s), None, None),
        ("end", None, pytest.approx(finished_s), None, None),
    ]


def test_the_second_round_reads_the_cache_that_the_first_filled(tmp_path: Path, make: Any) -> None:
    filled = run_scenario(make(**{"cache.price_misses": True}), out=tmp_path)
    assert filled.sim_seconds == pytest.approx(2 * (0.13 + 0.26) + 10 * (0.57 + 0.09))


@pytest.mark.parametrize("kind", ["adapter", "full"])
def test_a_clients_row_tells_the_texts_that_its_cache_held(
    tmp_path: Path, make: Any, rows: Any, kind: str
) -> None:
    # 10 batches of 4 texts; 40 x 256 tokens x 768 numbers of 4 bytes are stored
    config = {"kind": "adapter", "depth": 1, "width": 8} if kind == "adapter" else {"kind": "full"}
    changes = {"partition.clients": 1, "rounds.participants": 1, "cache.price_misses": True}
    result = run_scenario(
        make(**changes, log="clients", **{"configurator.config": config}), out=tmp_path
    )
    keys = ("cache", "texts", "cached_texts", "cache_bytes", "staleness")
    told = [[row[key] for key in keys] for row in rows(result.run_dir) if row["row"] == "client"]
    stored_bytes = 40 * 256 * 768 * 4
    expected = [["fill", 40, 0, stored_bytes, 0], ["hit", 40, 40, stored_bytes, 0]]
    assert told == (expected if kind == "adapter" else [["none", 0, 0, 0, 0]] * 2)


def test_a_cache_is_void_when_the_tuned_depth_grows(tmp_path: Path, make: Any, rows: Any) -> None:
    steps = [{"rounds": 1, "depth": d, "width": 8} for d in (1, 2, 2)]
    changes = {
        "configurator": {"kind": "schedule", "steps": steps},
        "cache.price_misses": True,
        "log": "all",
        "stop.rounds": None,
    }
    result = run_scenario(make(**changes), out=tmp_path)
    states = [row["cache"] for row in rows(result.run_dir) if row["row"] == "compute"]
    assert states == ["fill"] * 6 + ["hit"] * 3


def test_full_fine_tuning_has_no_cache_and_pays_for_every_parameter(
    tmp_path: Path, make: Any
) -> None:
    changes = {"configurator.config": {"kind": "full"}, "stop.rounds": 1}
    result = run_scenario(make(**changes), out=tmp_path)
    assert result.sim_seconds == pytest.approx(438 + 1.7 * 10 + 876)


def test_a_time_limit_cuts_the_round_and_charges_what_was_done(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    result = run_scenario(make(**{"stop.sim_s": 0.5, "stop.rounds": None}), out=tmp_path)
    (cut, end) = rows(result.run_dir)
    assert (cut["status"], cut["t_s"], cut["round"]) == ("cut", pytest.approx(0.5, rel=1e-12), 0)
    assert cut["compute_s"] == pytest.approx(3 * (0.5 - 0.13))
    assert (cut["down_bytes"], cut["up_bytes"]) == (390_000, 0)
    assert (end["reason"], result.rounds, result.sim_seconds) == ("stop.sim_s", 0, cut["t_s"])


def test_a_cut_upload_has_moved_the_bytes_of_its_time(tmp_path: Path, make: Any, rows: Any) -> None:
    begun_s = 0.13 + 0.9
    result = run_scenario(make(**{"stop.sim_s": begun_s + 0.1, "stop.rounds": None}), out=tmp_path)
    assert rows(result.run_dir)[0]["up_bytes"] == pytest.approx(3 * 50_000, abs=3)


def test_a_round_that_ends_with_its_time_limit_still_counts(tmp_path: Path, make: Any) -> None:
    one_round_s = run_scenario(make(**{"stop.rounds": 1}), out=tmp_path).sim_seconds
    changes = {"stop.sim_s": one_round_s, "stop.rounds": None}
    assert run_scenario(make(**changes), out=tmp_path).rounds == 1


def test_a_target_on_the_deciding_split_ends_the_run(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = {
        "learner": {"kind": "curve", "points": [[0, 0.0], [1200, 1.0]]},  # 120 samples a round
        "stop": {"target_accuracy": 0.35, "rounds": 50},
    }
    result = run_scenario(make(**changes), out=tmp_path)
    assert (result.rounds, result.accuracy) == (4, 0.4)
    assert rows(result.run_dir)[-1]["reason"] == "stop.target_accuracy"


def test_bytes_and_joules_of_the_rows_sum_to_the_totals(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = {"configurator": {"kind": "sideline", "interval_s": 9}, "stop.rounds": 12}
    *events, end = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    rounds = [row for row in events if row["row"] == "round"]
    assert any(row["status"] == "cut" for row in rounds)
    for key in ("down_bytes", "up_bytes"):
        assert end[key] == sum(row[key] for row in rounds)
    expected_j = sum(12 * r["compute_s"] + 4 * (r["down_s"] + r["up_s"]) for r in rounds)
    assert end["energy_j"] == pytest.approx(expected_j)
