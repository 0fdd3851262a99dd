"""Figures of rounds: frames of one hand-computed round."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest

from analysis.figures.bandwidth_seen import bandwidth_seen, bandwidth_seen_frame
from analysis.figures.round_breakdown import round_breakdown, round_breakdown_frame
from analysis.figures.round_gantt import round_gantt, round_gantt_frame
from analysis.figures.straggler_cdf import straggler_cdf, straggler_frame
from analysis.reading.study import Study, load_study
from sim.records import ComputeRow, TransferRow

Make = Callable[..., Any]


def test_a_breakdown_has_mean_seconds_by_device(one_round: Study) -> None:
    frame = round_breakdown_frame(one_round)
    assert frame.drop("n_rounds").rows() == [
        ("a", "jetson-nano", 0.0, 2.0, 5.0, 1.0, 0.0, 2.0),
        ("a", "jetson-tx2", 0.0, 1.0, 3.0, 2.0, 4.0, 0.0),
    ]
    (axes,) = round_breakdown(frame).axes
    assert sum(patch.get_width() for patch in axes.patches) == 20.0  # type: ignore[attr-defined]


def test_only_used_updates_arrive_and_all_selected_clients_count(one_round: Study) -> None:
    frame = straggler_frame(one_round)
    assert frame.rows() == [("a", "jetson-tx2", 6.0), ("a", "jetson-nano", None)]
    figure = straggler_cdf(frame)
    (axes,) = figure.axes
    assert axes.get_ylabel() == "updates that have arrived"
    ends = [float(cast(Any, line.get_ydata())[-1]) for line in axes.lines]
    assert ends == [1.0, 0.5]  # TX2, all devices; the Nano's update never arrives
    note = "1 used updates of 2 selected clients: curves end at that share"
    assert cast(Any, figure)._suptitle.get_text() == note


def test_an_update_that_its_round_did_not_wait_for_never_arrives(
    study_dir: Path, write_run: Make, make_round: Make, make_client: Make
) -> None:
    cut: Any = {"outcome": "late", "compute_s": 9.0, "up_s": 0.0, "idle_s": 0.0}
    events = [make_client(10.0, 0), make_client(10.0, 1, **cut), make_round(10.0)]
    write_run("a", events=events)
    assert straggler_frame(load_study(study_dir))["finish_s"].to_list() == [6.0, None]


def test_a_gantt_chart_starts_with_its_round(one_round: Study) -> None:
    frame = round_gantt_frame(one_round.runs[0])
    assert frame.select("client", "stage", "start_s", "end_s", "status").rows() == [
        (0, "down", 0.0, 1.0, "done"),
        (0, "compute", 1.0, 4.0, "done"),
        (0, "up", 4.0, 6.0, "done"),
        (1, "down", 0.0, 2.0, "done"),
        (1, "compute", 2.0, 7.0, "done"),
        (1, "up", 7.0, 8.0, "away"),
    ]
    assert not frame["is_async"].any()
    assert (frame["length_s"][0], frame["round"][0]) == (10.0, 1)
    figure = round_gantt(frame)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "jetson-tx2 · 0",
        "jetson-nano · 1",
    ]
    assert [bool(patch.get_hatch()) for patch in axes.patches].count(True) == 1


def test_the_last_stage_of_a_lost_client_is_broken_off_though_its_transfer_ended(
    study_dir: Path, write_run: Make, make_round: Make, make_client: Make
) -> None:
    events = [
        TransferRow(t_s=1.0, start_s=0.0, client=0, direction="down", bytes=9, status="done"),
        ComputeRow(t_s=4.0, start_s=1.0, client=0, batches=3, cache="fill", status="done"),
        make_client(10.0, 0, outcome="lost", up_s=0.0, idle_s=0.0, gone_s=6.0),
        make_round(10.0),
    ]
    write_run("a", events=events)
    frame = round_gantt_frame(load_study(study_dir).runs[0])
    assert frame["status"].to_list() == ["done", "lost"]
    (axes,) = round_gantt(frame).axes
    assert [bool(patch.get_hatch()) for patch in axes.patches] == [False, True]
    assert [text.get_text() for text in axes.texts] == [" lost"]


def test_jobs_without_rounds_are_whole_and_end_before_the_clients_next_job(
    study_dir: Path, write_run: Make, make_round: Make, make_client: Make
) -> None:
    """A job of client 0 from second 4 to 10 and one of client 1 from second 7 to 13; client 0 has
    downloaded for its next job before both are aggregated in second 13."""
    events: list[Any] = []
    for client, at_s in ((0, 4.0), (1, 7.0), (0, 11.0)):
        ends_s = [at_s + length_s for length_s in (0.0, 1.0, 4.0, 6.0)]
        one: Any = {"client": client, "status": "done"}
        down, compute, up = pairwise(ends_s)
        for direction, (start_s, t_s) in (("down", down), ("up", up)):
            row: Any = {"start_s": start_s, "t_s": t_s, "direction": direction, "bytes": 9}
            events.append(TransferRow(**row, **one))
        row = {"start_s": compute[0], "t_s": compute[1], "batches": 3, "cache": "fill"}
        events.append(ComputeRow(**row, **one))
    events += [
        make_client(13.0, 0, start_s=4.0, idle_s=3.0),
        make_client(13.0, 1, start_s=7.0, idle_s=0.0),
        make_round(13.0, start_s=12.5, clients=(0, 1), reports=(0, 1)),
    ]
    write_run("a", events=events, scenario={"rounds": {"mode": "buffered", "buffer": 2}})
    frame = round_gantt_frame(load_study(study_dir).runs[0])
    assert frame.select("client", "stage", "start_s", "end_s").rows() == [
        (0, "down", 0.0, 1.0),
        (0, "compute", 1.0, 4.0),
        (0, "up", 4.0, 6.0),
        (1, "down", 3.0, 4.0),
        (1, "compute", 4.0, 7.0),
        (1, "up", 7.0, 9.0),
    ]
    assert frame["length_s"][0] == 9.0
    (axes,) = round_gantt(frame).axes
    assert axes.get_xlabel() == "time from the start of the first job, s"


def test_rates_of_transfers_are_bytes_over_time_and_of_traces_quantiles(one_round: Study) -> None:
    frame = bandwidth_seen_frame(one_round.runs)
    ends = frame.group_by("direction", "what", maintain_order=True).agg(
        low=pl.col("mbit_per_s").min(), high=pl.col("mbit_per_s").max()
    )
    assert ends.rows() == [
        ("down", "seen", 4.0, 8.0),
        ("down", "trace", 0.0, 16.0),
        ("up", "seen", 4.0, 4.0),  # what was broken off does not count
    ]
    down, up = bandwidth_seen(frame).axes
    assert (len(down.lines), down.get_title(loc="left")) == (2, "download")
    assert up.get_xlabel() == "Mbit/s"


def test_a_log_without_the_rows_names_the_log_level(
    study_dir: Path, write_run: Make, make_round: Make
) -> None:
    write_run("a", events=[make_round(1.0)])
    study = load_study(study_dir)
    for frame in (round_breakdown_frame, straggler_frame):
        with pytest.raises(ValueError, match="needs rows of clients: set log: clients"):
            frame(study)
    with pytest.raises(ValueError, match="needs rows of transfers and training: set log: all"):
        round_gantt_frame(study.runs[0])
    with pytest.raises(ValueError, match="needs rows of transfers: set log: all"):
        bandwidth_seen_frame(study.runs)
