"""Figures of rounds: frames of one hand-computed round."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from analysis.figures.bandwidth_seen import bandwidth_seen, bandwidth_seen_frame
from analysis.figures.round_breakdown import round_breakdown, round_breakdown_frame
from analysis.figures.round_gantt import round_gantt, round_gantt_frame
from analysis.figures.straggler_cdf import straggler_cdf, straggler_frame
from analysis.reading.study import Study, load_study

Make = Callable[..., Any]


def test_a_breakdown_has_mean_seconds_by_device(one_round: Study) -> None:
    frame = round_breakdown_frame(one_round)
    assert frame.drop("n_rounds").rows() == [
        ("a", "jetson-nano", 0.0, 2.0, 5.0, 1.0, 0.0, 2.0),
        ("a", "jetson-tx2", 0.0, 1.0, 3.0, 2.0, 4.0, 0.0),
    ]
    (axes,) = round_breakdown(frame).axes
    assert sum(patch.get_width() for patch in axes.patches) == 20.0  # type: ignore[attr-defined]


def test_only_updates_that_arrived_are_in_the_distribution(one_round: Study) -> None:
    frame = straggler_frame(one_round)
    assert frame.rows() == [("a", "jetson-tx2", 6.0)]
    assert straggler_cdf(frame).axes[0].get_ylabel() == "updates that have arrived"


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
    assert (frame["length_s"][0], frame["round"][0]) == (10.0, 1)
    figure = round_gantt(frame)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "jetson-tx2 · 0",
        "jetson-nano · 1",
    ]
    assert [bool(patch.get_hatch()) for patch in axes.patches].count(True) == 1


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
