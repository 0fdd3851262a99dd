"""Asynchronous and buffered aggregation against logs computed by hand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sim.runlog import RunError
from sim.runs.run import run_scenario
from sim.scenario.file import ScenarioError
from sim.scenario.staleness import ConstantStaleness, HingeStaleness, PolynomialStaleness

# Jobs of 1.29 s (TX2), 2.19 s (Nano) and 18.39 s (Pi): 0.13 down, ten batches, 0.26 up.
TX2, NANO, PI = 1.29, 2.19, 18.39
ONE_OF_EACH = 1
"""A seed with which three clients have three devices."""
MIXED = {"fleet.devices": {"jetson-tx2": 1 / 3, "jetson-nano": 1 / 3, "raspberry-pi-4b": 1 / 3}}
ASYNC = {"rounds": {"mode": "async", "participants": 3}}
BUFFERED = {"rounds": {"mode": "buffered", "participants": 3, "buffer": 2}}


def of_kind(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["row"] == kind]


def told(rows: list[dict[str, Any]]) -> list[Any]:
    return [
        (round(row["t_s"], 6), row["reports"], row["ages"] or [0] * len(row["reports"]))
        for row in of_kind(rows, "round")
        if row["status"] == "done"
    ]


def devices(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Which client has which of the three devices, by how long its first job computes."""
    seconds = {row["client"]: row["compute_s"] for row in of_kind(rows, "client")[::-1]}
    return dict(zip(("tx2", "nano", "pi"), sorted(seconds, key=seconds.__getitem__), strict=True))


def test_the_whole_log_of_three_clients_that_report_one_by_one(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = MIXED | ASYNC | {"stop.rounds": 30, "log": "clients"}
    log = rows(run_scenario(make(**changes), out=tmp_path, seed=ONE_OF_EACH).run_dir)
    at = devices(log)
    # Everybody goes on at once; staleness: aggregations since one's own last.
    jobs = [(TX2 * (i + 1), "tx2") for i in range(40)]
    jobs += [(NANO * (i + 1), "nano") for i in range(40)] + [(PI, "pi"), (2 * PI, "pi")]
    expected, since = [], {"tx2": 0, "nano": 0, "pi": 0}
    for version, (t_s, name) in enumerate(sorted(jobs)[:30]):
        expected.append((round(t_s, 6), [at[name]], [version - since[name]]))
        since[name] = version + 1
    assert told(log) == expected


def test_the_whole_log_of_three_clients_in_a_buffer_of_two(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = MIXED | BUFFERED | {"stop.rounds": 3, "log": "clients"}
    log = rows(run_scenario(make(**changes), out=tmp_path, seed=ONE_OF_EACH).run_dir)
    at = devices(log)
    tx2, nano = at["tx2"], at["nano"]
    # TX2 ends at 1.29, 2.58, 3.87, 5.16; Nano at 2.19, 4.38. Its second job is the TX2's first
    # of version 1: begun at 1.29 in version 0, it misses one aggregation.
    assert told(log) == [
        (2.19, [tx2, nano], [0, 0]),
        (3.87, [tx2, tx2], [1, 0]),  # one client twice in a buffer
        (5.16, [nano, tx2], [1, 0]),
    ]
    (cut,) = [row for row in of_kind(log, "round") if row["status"] == "cut"]
    assert (cut["t_s"], cut["clients"]) == (pytest.approx(5.16), [at["pi"], nano])


def test_seconds_are_each_jobs_own_and_its_update_may_wait(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = MIXED | BUFFERED | {"stop.rounds": 1, "log": "clients"}
    log = rows(run_scenario(make(**changes), out=tmp_path, seed=ONE_OF_EACH).run_dir)
    first, second = [row for row in of_kind(log, "client") if row["outcome"] == "done"]
    assert (first["start_s"], first["idle_s"]) == (0.0, pytest.approx(NANO - TX2))
    assert (second["start_s"], second["idle_s"]) == (0.0, pytest.approx(0.0))
    (end,) = of_kind(log, "end")
    whole = sum(row["down_bytes"] + row["up_bytes"] for row in of_kind(log, "client"))
    assert whole == end["down_bytes"] + end["up_bytes"]


@pytest.mark.parametrize("mode", [ASYNC, BUFFERED], ids=["async", "buffered"])
def test_a_client_at_work_is_never_called_again(
    tmp_path: Path, make: Any, rows: Any, mode: Any
) -> None:
    changes = MIXED | {"partition.clients": 7, "stop.rounds": 40, "log": "clients"} | mode
    changes["rounds"] = mode["rounds"] | {"participants": 5}
    log = of_kind(rows(run_scenario(make(**changes), out=tmp_path).run_dir), "client")
    for client in range(7):
        own = sorted(
            (row["start_s"], row["t_s"] - row["idle_s"]) for row in log if row["client"] == client
        )
        assert own
        assert all(before[1] <= after[0] + 1e-9 for before, after in pairwise(own))


def test_staleness_counts_aggregations_and_not_seconds(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    """Twice as slow a world has the same staleness."""
    slow = {
        "cost.latency_scale": 2.0,
        "fleet.network": {"kind": "constant", "down_mbytes_per_s": 0.5, "up_mbytes_per_s": 0.25},
    }
    logs = [
        told(rows(run_scenario(make(**MIXED | ASYNC | extra), out=tmp_path).run_dir))
        for extra in ({"stop.rounds": 20}, {"stop.rounds": 20} | slow)
    ]
    assert [row[1:] for row in logs[0]] == [row[1:] for row in logs[1]]
    assert any(row[2] != [0] for row in logs[0])


@pytest.mark.parametrize("n", [3, 4])
def test_a_full_buffer_of_equal_devices_is_a_synchronous_round_state_for_state(
    tmp_path: Path, make: Any, rows: Any, n: int
) -> None:
    fleet = {"partition.clients": 9, "stop.rounds": 6}
    sync = make(**fleet, rounds={"participants": n})
    staleness = {"kind": "polynomial", "a": 0.5}
    buffered = make(
        **fleet,
        rounds={"mode": "buffered", "participants": n, "buffer": n, "staleness": staleness},
    )
    states = [
        [(row["t_s"], row["reports"], row["state"]) for row in of_kind(log, "round")][:6]
        for log in (rows(run_scenario(s, out=tmp_path).run_dir) for s in (sync, buffered))
    ]
    assert states[0] == states[1]


def test_stale_updates_count_less(tmp_path: Path, make: Any) -> None:
    curve = {"kind": "curve", "points": [[0, 0.0], [10_000, 1.0]]}  # 40 samples a job
    changes = MIXED | BUFFERED | {"stop.rounds": 3, "learner": curve}
    whole = run_scenario(make(**changes), out=tmp_path).accuracy
    assert whole == pytest.approx(6 * 40 / 10_000, abs=1e-3)
    discounted = changes | {
        "rounds": BUFFERED["rounds"] | {"staleness": {"kind": "hinge", "a": 1.0, "b": 0}}
    }
    # Two of the six missed one aggregation: 1 / (1 (1 - 0) + 1) = 1/2 each.
    assert run_scenario(make(**discounted), out=tmp_path).accuracy == pytest.approx(
        5 * 40 / 10_000, abs=1e-3
    )


def test_staleness_functions_are_the_published_ones() -> None:
    assert ConstantStaleness().factor(9) == 1.0
    assert PolynomialStaleness(kind="polynomial", a=0.5).factor(3) == 0.5
    hinge = HingeStaleness(kind="hinge", a=10.0, b=4)
    assert [hinge.factor(s) for s in (0, 4, 5, 6)] == [1.0, 1.0, 1 / 11, 1 / 21]


@pytest.mark.parametrize("mode", [ASYNC, BUFFERED], ids=["async", "buffered"])
def test_trials_cut_and_charge_what_is_at_work_in_every_mode(
    tmp_path: Path, make: Any, rows: Any, mode: Any
) -> None:
    sideline = {"kind": "sideline", "interval_s": 20, "start": {"depth": 1, "width": 8}}
    changes = MIXED | mode | {"configurator": sideline, "partition.clients": 12, "stop.rounds": 60}
    changes["rounds"] = mode["rounds"] | {"participants": 9}
    log = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    first = of_kind(log, "decision")[0]
    assert first["t_s"] == pytest.approx(20.0, rel=1e-11)
    cut = [row for row in of_kind(log, "round") if row["trial"] == 0 and row["status"] == "cut"]
    assert {row["branch"] for row in cut} == {"keep", "wider", "deeper"}
    assert all(row["t_s"] == first["t_s"] for row in cut)
    asked = dict.fromkeys(first["rounds"], 0)
    for row in of_kind(log, "round"):
        if row["trial"] == 0:
            asked[row["branch"]] += len(row["clients"])
    assert asked == first["spent_client_rounds"]


def test_who_comes_back_fills_a_free_place(tmp_path: Path, make: Any, rows: Any) -> None:
    windows = {
        "kind": "windows",
        "windows_s": [[0, 10]],
        "period_s": 20,
        "stagger_s": 5,
        "when_offline": "drop",
    }
    changes = ASYNC | {"fleet.availability": windows, "stop.rounds": 40, "log": "clients"}
    log = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    starts = sorted({row["start_s"] for row in of_kind(log, "client") if row["client"] == 1})
    assert any(abs(start % 20 - 15) < 1e-3 or abs(start % 20 - 5) < 1e-3 for start in starts)


def test_when_nobody_ever_comes_the_run_ends_and_says_so(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    changes = ASYNC | {"fleet.p_dropout": 1.0, "rounds.max_failures": 5}
    changes["rounds"] = ASYNC["rounds"] | {"max_failures": 5}
    *_, end = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert (end["lineage_round"], end["reason"]) == (0, "rounds.max_failures")


def test_the_servers_own_time_delays_the_next_version(tmp_path: Path, make: Any, rows: Any) -> None:
    changes = BUFFERED | {"fleet.server.aggregation_s": 0.5, "stop.rounds": 2}
    log = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    # All three end at 1.29: two are aggregated by 1.79, when two set out anew; the third waits.
    assert [t_s for t_s, *_ in told(log)] == [pytest.approx(1.79), pytest.approx(1.79 + 1.79)]


@pytest.mark.parametrize("kind", ["uniform", "available", "tifl", "power-of-choice", "oort"])
def test_every_selection_works_without_rounds(
    tmp_path: Path, make: Any, rows: Any, kind: str
) -> None:
    changes = (
        MIXED | BUFFERED | {"partition.clients": 12, "stop.rounds": 10, "selection": {"kind": kind}}
    )
    one, two = (run_scenario(make(**changes), out=tmp_path / name) for name in "ab")
    assert one.rounds == 10
    assert one.events_sha256 == two.events_sha256


@pytest.mark.parametrize(
    ("rounds", "complaint"),
    [
        ({"mode": "buffered"}, "rounds.buffer must be at least 1 for mode buffered, got None"),
        ({"buffer": 2}, "rounds.buffer must be null for mode sync, got 2"),
        (
            {"mode": "async", "deadline_s": 5.0},
            "rounds.deadline_s must not be set in mode async, got 5.0",
        ),
        (
            {"mode": "async", "overcommit": 1.5},
            "rounds.overcommit must not be set in mode async, got 1.5",
        ),
        (
            {"mode": "async", "staleness": {"kind": "polynomial", "a": 0.0}},
            "rounds.staleness.polynomial.a must be above 0",
        ),
    ],
)
def test_rounds_that_make_no_sense_are_refused(make: Any, rounds: Any, complaint: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        make(rounds={"participants": 3} | rounds)
    assert complaint.replace(".polynomial", "") in str(caught.value).replace(".polynomial", "")


def test_a_link_dead_for_ever_is_named(tmp_path: Path, make: Any) -> None:
    network = {"kind": "constant", "down_mbytes_per_s": 0, "up_mbytes_per_s": 1}
    with pytest.raises(RunError, match="simulation stalled at 0 s"):
        run_scenario(make(**ASYNC, **{"fleet.network": network}), out=tmp_path)
