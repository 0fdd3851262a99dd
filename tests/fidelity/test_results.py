"""A measurement that was stopped goes on where it was."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from fidelity.results import Results

WORLD = {"name": "w", "rounds": 2}


def _row(repeat: int, up_s: float | None) -> dict[str, object]:
    return {"arm": "a", "repeat": repeat, "outcome": "done" if up_s else "lost", "up_s": up_s}


def test_runs_are_kept_and_counted(tmp_path: Path) -> None:
    first = Results.resume(tmp_path / "w", WORLD)
    assert first.n_runs("a") == 0
    first.add("a", {"jobs_s": [[1.5]]}, [_row(0, 0.1), _row(0, None)], [_row(0, 0.2)])
    second = Results.resume(tmp_path / "w", WORLD)
    assert (second.n_runs("a"), second.n_runs("b")) == (1, 0)
    second.add("a", {"jobs_s": [[2.5]]}, [_row(1, 0.3)], [_row(1, 0.4)])
    kept = Results.read(tmp_path / "w")
    assert kept.profiles == {"a": [{"jobs_s": [[1.5]]}, {"jobs_s": [[2.5]]}]}
    measured = pl.read_csv(tmp_path / "w" / "measured.csv")
    assert measured.rows() == [
        ("a", 0, "done", 0.1),
        ("a", 0, "lost", None),
        ("a", 1, "done", 0.3),
    ]
    assert kept.world == WORLD
    kept.replace_predicted([_row(0, 0.9)])
    assert pl.read_csv(tmp_path / "w" / "predicted.csv")["up_s"].to_list() == [0.9]


def test_rows_of_a_run_that_was_cut_while_it_was_written_are_dropped(tmp_path: Path) -> None:
    first = Results.resume(tmp_path / "w", WORLD)
    first.add("a", {"jobs_s": [[1.5]]}, [_row(0, 0.1)], [_row(0, 0.2)])
    with (tmp_path / "w" / "measured.csv").open("a", encoding="utf-8") as target:
        target.write("a,1,done,0.3\n")
    second = Results.resume(tmp_path / "w", WORLD)
    assert (second.n_runs("a"), len(second.measured)) == (1, 1)


def test_runs_without_their_world_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text('{"a": {"jobs_s": [[1.5]]}}', encoding="utf-8")
    with pytest.raises(ValueError, match="holds runs of another world"):
        Results.resume(tmp_path, WORLD)


def test_a_directory_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no measured run"):
        Results.read(tmp_path / "none")


def test_runs_of_another_world_are_not_mixed_in(tmp_path: Path) -> None:
    Results.resume(tmp_path / "w", WORLD)
    with pytest.raises(ValueError, match="another world, or of other rounds; name another --out"):
        Results.resume(tmp_path / "w", WORLD | {"rounds": 3})
