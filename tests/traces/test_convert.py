"""Writers: what is written reads back as the same trace, or within the format's grain."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.convert import to_csv, to_mahimahi, to_sabre, written
from traces.formats import read
from traces.formats.source import Source
from traces.load import load
from traces.recording import BandwidthRecording, TraceError
from traces.reshape import scale
from traces.step import StepTrace, constant


@st.composite
def recordings(draw: st.DrawFn) -> StepTrace:
    """Up to 10 intervals of 200 ms to 20 s at 0 or 1 kB/s to 10 MB/s, at least one positive."""
    n = draw(st.integers(1, 10))
    durations_s = draw(st.lists(st.floats(0.2, 20.0), min_size=n, max_size=n))
    rates = draw(st.lists(st.one_of(st.just(0.0), st.floats(1e3, 1e7)), min_size=n, max_size=n))
    rates[draw(st.integers(0, n - 1))] = draw(st.floats(1e6, 1e7))
    edges_s = np.concatenate(([0.0], np.cumsum(durations_s)))
    return StepTrace(times_s=edges_s[:-1], values=np.array(rates), period_s=float(edges_s[-1]))


def reread(text: str) -> StepTrace:
    recording = read(Source("t", text.encode()))
    assert isinstance(recording, BandwidthRecording)
    assert recording.down is not None
    return recording.down


@given(recordings())
def test_csv_comes_back_with_the_same_intervals_and_rates(trace: StepTrace) -> None:
    again = reread(to_csv(trace))
    assert np.array_equal(again.times_s, trace.times_s)
    assert again.period_s == trace.period_s
    np.testing.assert_allclose(again.values, trace.values, rtol=1e-15)


@given(recordings())
def test_sabre_comes_back_to_the_last_places(trace: StepTrace) -> None:
    again = reread(to_sabre(trace))
    np.testing.assert_allclose(again.edges_s, trace.edges_s, rtol=1e-8)
    np.testing.assert_allclose(again.values, trace.values, rtol=1e-8)


@given(recordings(), st.floats(0.0, 1.0))
def test_mahimahi_comes_back_within_its_grain(fast: StepTrace, fraction: float) -> None:
    trace = scale(fast, 0.01)  # thousands of lines, not millions
    again = reread(to_mahimahi(trace))
    assert again.period_s == round(trace.period_s * 1000) / 1000
    assert abs(again.total - trace.total) <= 750.0 + 1e-6
    instant_s = fraction * min(trace.period_s, again.period_s)
    # a millisecond's worth of bytes, one opportunity of rounding, one kept for the very end
    slack = 2 * 1500.0 + 2e-3 * float(trace.values.max())
    assert abs(again.integral(0.0, instant_s) - trace.integral(0.0, instant_s)) <= slack


def test_the_texts_by_hand() -> None:
    trace = StepTrace(times_s=np.array([0.0, 0.002]), values=np.array([1.5e6, 0.0]), period_s=0.004)
    assert to_csv(trace) == "start_s,end_s,bytes_per_s\n0.0,0.002,1500000.0\n0.002,0.004,0.0\n"
    assert to_mahimahi(trace) == "1\n4\n"  # its last line is the period
    assert to_sabre(trace) == (
        '[\n  {"duration_ms": 2, "bandwidth_kbps": 12000, "latency_ms": 0},\n'
        '  {"duration_ms": 2, "bandwidth_kbps": 0, "latency_ms": 0}\n]\n'
    )


def test_mahimahi_cannot_express_next_to_nothing() -> None:
    with pytest.raises(ValueError, match="mahimahi needs 1 ms or more"):
        to_mahimahi(constant(10.0))


def test_a_file_is_converted_in_one_direction(tmp_path: Path, native: dict[str, str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(native["starlink"])
    assert math.isclose(reread(written(load(path), path, "csv", "up")).total, 3e6)
    path.write_text(native["nyu-mets"])
    with pytest.raises(TraceError, match=r"x\.csv:1: this nyu-mets file has no uplink"):
        written(load(path), path, "sabre", "up")
    path.write_text("start_s,end_s,bytes_per_s\n0,1,2\n")
    with pytest.raises(TraceError, match=r"x\.csv:1: mahimahi needs"):
        written(load(path), path, "mahimahi", "down")
