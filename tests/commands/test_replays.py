"""`fedadapter replay` and `diff`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

CLOCK = Path(__file__).parents[2] / "scenarios/paper/clock/agnews-88.yaml"

Call = Callable[..., tuple[int, str, str]]


def test_a_run_is_replayed_and_compared(call: Call, tmp_path: Path) -> None:
    _, out, _ = call("run", CLOCK, "--out", tmp_path, "--json")
    run_dir = json.loads(out)["run_dir"]
    axis = "fleet.network.down_mbytes_per_s,fleet.network.up_mbytes_per_s=[0.5, 2]"
    status, out, _ = call("replay", run_dir, "--axis", axis, "--out", tmp_path, "--json")
    base, slow, fast = json.loads(out)
    assert (base["is_base"], base["run_dir"], base["sim_seconds"] > 0) == (True, run_dir, True)
    assert "-along-down-mbytes-per-s/" in slow["run_dir"]
    assert (status, slow["diverges_at_s"], slow["trainings"]) == (0, None, 0)
    assert slow["sim_seconds"] > fast["sim_seconds"]
    status, out, _ = call("diff", slow["run_dir"], fast["run_dir"])
    assert status == 1
    assert "fleet.network.down_mbytes_per_s" in out
    assert "First differing row: events.jsonl line 1 (round): t_s is " in out
    assert "Learning is the same." in out
    _, out, _ = call("replay", run_dir, "--set", "rounds.participants=7", "--out", tmp_path)
    assert "learning diverges at simulated second" in " ".join(out.split())
    assert "the replayed run" in out
    status, out, _ = call("diff", run_dir, run_dir)
    assert (status, out) == (0, "The logs are equal.\n")
    for bad in ("[1, 2]", "a.b", "a.b=3"):
        status, _, err = call("replay", run_dir, "--axis", bad)
        assert (status, err.count("\n")) == (2, 1)
        assert err.startswith(f"fedadapter: --axis {bad}: must be")
    status, _, err = call("replay", run_dir, "--axis", "a.b=[1]", "--axis", "a.b,a.c=[2]")
    told = "a.b has an axis already; give one list of all its values"
    assert (status, err) == (2, f"fedadapter: --axis a.b,a.c=[2]: {told}\n")
    both = ("--set", "rounds.participants=7", "--axis", "rounds.participants=[5, 6]")
    status, _, err = call("replay", run_dir, *both)
    told = "--set rounds.participants=7: rounds.participants is set by axes.rounds.participants"
    assert (status, err) == (2, f"fedadapter: {run_dir}: {told}\n")
    status, _, err = call("diff", run_dir, tmp_path / "none")
    assert (status, err) == (
        2,
        f"fedadapter: {tmp_path / 'none'}: is not a run directory (no manifest.json in it)\n",
    )
