"""Rounds whose transfers share the server's own link, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.runs.run import run_scenario


def test_a_round_waits_for_the_servers_own_link(tmp_path: Path, make: Any, rows: Any) -> None:
    # 3 x 130,000 bytes through 0.5 MB/s down and 0.4 MB/s up; the clients could do 1 and 0.5.
    server = {"down_mbit_per_s": 4, "up_mbit_per_s": 3.2}
    result = run_scenario(make(**{"fleet.server": server, "stop.rounds": 1}), out=tmp_path)
    assert result.sim_seconds == pytest.approx(0.78 + 0.9 + 0.975)
    assert rows(result.run_dir)[0]["up_bytes"] == 390_000


def test_a_round_on_looping_traces_waits_for_the_servers_own_link(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    """Three times 130,000 bytes each way; compute is 0.9 s. Traces repeat after 2 s.

    Down, the server has 0.3 MB/s, 0.1 each. Second 1: 100,000 bytes of each. Second 2: 10,000, all
    that a client's trace has. Second 3, the trace again: 20,000 in 0.2 s. So the uploads begin at
    2.2 + 0.9 = 3.1 s, in the second half of their trace: 0.9 s of 0.02 MB/s are 18,000. Then the
    server's 0.15 MB/s are 0.05 each: 50,000 in second 5, 20,000 in second 6, and the last 42,000
    in 0.84 s.
    """
    head = "start_s,end_s,bytes_per_s\n"
    (tmp_path / "down.csv").write_text(head + "0,1,300000\n1,2,10000\n")
    (tmp_path / "up.csv").write_text(head + "0,1,400000\n1,2,20000\n")
    ways = {
        key: {
            "source": str(tmp_path / f"{way}.csv"),
            "format": "csv",
            "format_options": {way: "bytes_per_s"},
        }
        for key, way in (("downlink", "down"), ("uplink", "up"))
    }
    scenario = make(
        **{
            "fleet.network": {
                "kind": "trace",
                **ways,
                "offset": "zero",
                "transport": {"kind": "fluid"},
            },
            "fleet.server": {"down_mbit_per_s": 2.4, "up_mbit_per_s": 1.2},
            "stop.rounds": 1,
        }
    )
    result = run_scenario(scenario, out=tmp_path / "runs")
    row = rows(result.run_dir)[0]
    assert [row["down_s"], row["compute_s"], row["up_s"]] == pytest.approx(
        [3 * 2.2, 3 * 0.9, 3 * 3.74], rel=1e-9
    )
    assert result.sim_seconds == pytest.approx(6.84, rel=1e-9)


def test_an_ample_server_changes_nothing(tmp_path: Path, make: Any) -> None:
    changes = {"fleet.network.latency_s": 0.25, "stop.rounds": 2}
    alone = run_scenario(make(**changes), out=tmp_path)
    server = {"down_mbit_per_s": 1e6, "up_mbit_per_s": 1e6}
    shared = run_scenario(make(**changes, **{"fleet.server": server}), out=tmp_path)
    assert shared.sim_seconds == pytest.approx(alone.sim_seconds, rel=1e-9)


@pytest.mark.parametrize("when_offline", ["drop", "pause", "restart"])
def test_going_away_breaks_off_a_shared_transfer(
    tmp_path: Path, make: Any, rows: Any, when_offline: str
) -> None:
    windows = {"kind": "windows", "windows_s": [[0, 1.1], [3, 20]], "period_s": 20}
    changes = {
        "fleet.availability": windows | {"when_offline": when_offline},
        "fleet.server": {"up_mbit_per_s": 2.4},  # 0.1 MB/s each
        "stop.rounds": 1,
        "rounds.deadline_s": 9,
    }
    first = rows(run_scenario(make(**changes), out=tmp_path).run_dir)[0]
    # 0.07 s of uploading before 1.1 s: 7,000 of each client's 130,000 bytes.
    up_bytes, t_s = {
        "drop": (7_000, 1.1),
        "pause": (130_000, 3 + 1.23),
        "restart": (137_000, 3 + 1.3),
    }[when_offline]
    assert first["up_bytes"] == 3 * up_bytes
    assert first["t_s"] == pytest.approx(t_s)


def test_a_cut_charges_what_a_shared_transfer_has_moved(
    tmp_path: Path, make: Any, rows: Any
) -> None:
    server = {"up_mbit_per_s": 2.4}
    changes = {"fleet.server": server, "stop": {"sim_s": 1.53}}
    (cut, _) = rows(run_scenario(make(**changes), out=tmp_path).run_dir)
    assert (cut["status"], cut["up_bytes"]) == ("cut", 3 * 50_000)
