"""Each law of a run, broken on purpose: the audit names the round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simpy import Environment

from sim.build.simulation import build_simulation
from sim.engine.audit import Accounts, Audit, AuditError
from sim.engine.simulation import Simulation
from sim.fleet.link import ServerLink
from sim.fleet.shared_link import SharedLink
from sim.records import RoundRow
from sim.runlog import RunLog
from sim.runs.run import simulate


@pytest.fixture
def seen(tmp_path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, ...]:
    """A round as the audit saw it in a real run: row, accounts, payload."""
    told: list[tuple[Any, ...]] = []
    original = Audit.see_round

    def listen(self: Audit, *about: Any) -> None:
        told.append(about)
        original(self, *about)

    monkeypatch.setattr(Audit, "see_round", listen)
    windows = {"kind": "windows", "windows_s": [[0, 3]], "period_s": 10}
    simulation = simulation_of(make(**{"stop.rounds": 1, "fleet.availability": windows}), tmp_path)
    simulate(simulation)
    monkeypatch.undo()
    return told[0]


def simulation_of(scenario: Any, tmp_path: Path) -> Simulation:
    return build_simulation(scenario, 0, log=RunLog(tmp_path), cache_dir=tmp_path)


def refused(row: RoundRow, accounts: Accounts, payload: list[tuple[int, ...]]) -> str:
    with pytest.raises(AuditError) as refusal:
        Audit(ServerLink()).see_round(row, accounts, payload)
    text = str(refusal.value)
    assert text.startswith("round 1 of branch 'fixed' in trial 0 at 1.2")
    return text


def test_a_second_that_is_not_accounted_for(seen: Any) -> None:
    row, accounts, payload = seen
    assert "accounted for" in refused(replace(row, idle_s=row.idle_s + 1e-6), accounts, payload)


def test_a_clock_that_runs_backwards(seen: Any) -> None:
    row, accounts, payload = seen
    audit = Audit(ServerLink())
    turned = replace(row, start_s=row.t_s + 1.0)
    with pytest.raises(AuditError, match="the clock ran backwards"):
        audit.see_round(turned, accounts, payload)


def test_bytes_that_are_missing(seen: Any) -> None:
    row, accounts, payload = seen
    list(accounts.values())[1].amounts[2] -= 1
    row = replace(row, up_bytes=row.up_bytes - 1)
    assert "client 1 moved (130000, 129999), not" in refused(row, accounts, payload)


def test_bytes_that_the_row_does_not_tell(seen: Any) -> None:
    row, accounts, payload = seen
    text = refused(replace(row, down_bytes=row.down_bytes + 1), accounts, payload)
    assert "the row says 780001 bytes, the clients moved 780000" in text


@pytest.mark.parametrize(
    ("amount", "complaint"),
    [
        (1_000, "moved 1000.0 of 130000 bytes, finished 2 stages"),
        (200_000, "moved 200000.0 of 130000"),
    ],
)
def test_bytes_of_a_client_that_was_lost_are_checked_as_well(
    seen: Any, amount: int, complaint: str
) -> None:
    row, accounts, payload = seen
    (lost, account), place = list(accounts.items())[1], 0 if amount < 130_000 else 2
    lost.outcome, lost.stage = "lost", 2
    row = replace(row, reports=(0, 2))
    key = ("down_bytes", "", "up_bytes")[place]
    row = replace(row, **{key: getattr(row, key) - 130_000 + amount})
    account.amounts[place] = float(amount)
    assert complaint in refused(row, accounts, payload)


def test_bytes_that_a_lost_clients_link_never_carried(seen: Any) -> None:
    row, accounts, payload = seen
    lost = list(accounts)[1]
    lost.outcome, lost.stage = "lost", 2
    place, start_s, _, amount, status = lost.intervals[2]
    lost.intervals[2] = (place, start_s, start_s + 0.1, amount, status)
    row = replace(row, reports=(0, 2))
    assert "client 1 moved 130000 bytes, its link 5" in refused(row, accounts, payload)


def test_work_while_the_client_was_away(seen: Any) -> None:
    row, accounts, payload = seen
    shifted = replace(row, start_s=row.start_s + 2, t_s=row.t_s + 2)  # available until 3 s
    for job in accounts:
        job.start_s += 2
    with pytest.raises(AuditError, match=r"client 0 worked 1\.2\S* s in (1\.0|0\.9)"):
        Audit(ServerLink()).see_round(shifted, accounts, payload)


def test_a_job_without_an_end(seen: Any) -> None:
    row, accounts, payload = seen
    list(accounts)[2].outcome = "open"
    audit = Audit(ServerLink())
    audit.see_round(row, accounts, payload)
    with pytest.raises(AuditError, match="3 jobs started, 2 ended"):
        audit.see_end(row.down_bytes + row.up_bytes, row.energy_j)


@pytest.mark.parametrize(("more_bytes", "more_j"), [(1, 0), (0, 0.001)])
def test_totals_that_are_not_the_sums(seen: Any, more_bytes: int, more_j: float) -> None:
    row, accounts, payload = seen
    audit = Audit(ServerLink())
    audit.see_round(row, accounts, payload)
    n_bytes = row.down_bytes + row.up_bytes
    audit.see_end(n_bytes, row.energy_j)
    with pytest.raises(AuditError, match="the end at"):
        audit.see_end(n_bytes + more_bytes, row.energy_j + more_j)


def test_bytes_over_the_servers_link_that_nobody_was_billed(seen: Any) -> None:
    row, accounts, payload = seen
    link = SharedLink(Environment(), 1e6, 1.0)
    link.carried_bytes = row.down_bytes + 4.0
    audit = Audit(ServerLink(down=link))
    audit.see_round(row, accounts, payload)
    with pytest.raises(AuditError, match=r"carried 390004\.0 bytes, clients moved 390000"):
        audit.see_end(row.down_bytes + row.up_bytes, row.energy_j)


def test_a_link_above_its_capacity(seen: Any) -> None:
    row, accounts, payload = seen
    link = SharedLink(Environment(), 100.0, 1.0)
    link.peak_bytes_per_s = 100.1
    audit = Audit(ServerLink(up=link))
    audit.see_round(row, accounts, payload)
    with pytest.raises(AuditError, match=r"the server's up link carried 100\.1"):
        audit.see_end(row.down_bytes + row.up_bytes, row.energy_j)
