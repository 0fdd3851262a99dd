"""The trace figure: lines and bars for each kind of recording, read back from the axes."""

from typing import Literal

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.traces import MAX_FILES, trace_files
from traces.availability import from_windows
from traces.recording import (
    AvailabilityRecording,
    BandwidthRecording,
    CapacityRecording,
    DeviceCapacity,
)
from traces.reshape import scale
from traces.step import StepTrace


def link(peak_bytes_per_s: float, with_up: bool = False) -> BandwidthRecording:
    """4 s: at the peak, at 0, at half the peak twice."""
    down = StepTrace(
        times_s=np.arange(4.0),
        values=np.array([1.0, 0.0, 0.5, 0.5]) * peak_bytes_per_s,
        period_s=4.0,
    )
    return BandwidthRecording(format="csv", down=down, up=scale(down, 0.1) if with_up else None)


def points(line: Line2D, which: Literal["x", "y"]) -> list[float]:
    """One coordinate of a line's points."""
    data = line.get_xdata() if which == "x" else line.get_ydata()
    return [float(value) for value in np.asarray(data)]


def drawn(figure: Figure) -> list[Axes]:
    """Axes in reading order; laid out, so that whatever cannot be drawn fails here."""
    figure.draw_without_rendering()
    return list(figure.axes)


def test_bandwidth_is_drawn_over_time_and_as_a_distribution() -> None:
    above, below = drawn(trace_files({"a/b/one.csv": link(1e6, with_up=True)}))
    assert above.get_title(loc="left") == "one.csv\ncsv"
    heights = above.patches[0].get_data().values  # type: ignore[attr-defined]
    np.testing.assert_allclose(heights, [8.0, 0.0, 4.0, 4.0])
    down, up = below.get_lines()
    assert points(down, "x") == pytest.approx([0.0, 0.0, 4.0, 4.0, 8.0])
    assert points(down, "y") == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])
    assert (down.get_label(), up.get_label()) == ("down, mean 4", "up, mean 0.4")


def test_only_files_with_similar_rates_share_a_scale() -> None:
    one, two, *_ = drawn(trace_files({"1": link(1e6), "2": link(3e6)}))
    assert one.get_ylim() == two.get_ylim()
    one, two, *_ = drawn(trace_files({"1": link(1e6), "2": link(1e8)}))
    assert one.get_ylim()[1] < two.get_ylim()[1] / 50


def test_availability_is_a_raster_and_a_distribution_of_shares() -> None:
    devices = {"a": from_windows([(10.0, 30.0)], 100.0), "b": from_windows([(0.0, 60.0)], 100.0)}
    recording = AvailabilityRecording(format="flame", devices=devices)
    above, below = drawn(trace_files({"x.json": recording}))
    bars = [
        c.get_paths()[0].get_extents() for c in above.collections if isinstance(c, PolyCollection)
    ]
    assert [(bar.x0, bar.x1, bar.y0) for bar in bars] == [(10.0, 30.0, 0.0), (0.0, 60.0, 1.0)]
    shares, mean = below.get_lines()
    assert points(shares, "x") == pytest.approx([0.2, 0.2, 0.6])
    assert points(mean, "x") == pytest.approx([0.4, 0.4])


def test_capacities_are_points_and_a_distribution() -> None:
    devices = tuple(
        DeviceCapacity(name=str(i), train_s_per_sample=0.1 * 2**i, bytes_per_s=125_000.0 * 2**i)
        for i in range(3)
    )
    above, below = drawn(trace_files({"c": CapacityRecording(format="x", devices=devices)}))
    assert points(above.get_lines()[0], "x") == pytest.approx([1.0, 2.0, 4.0])
    assert points(below.get_lines()[0], "x") == pytest.approx([0.1, 0.1, 0.2, 0.4])


def test_six_files_with_long_names_still_fit() -> None:
    names = [f"{i}-{'a-very-long-name' * 5}.log" for i in range(MAX_FILES)]
    axes = drawn(trace_files({name: link(1e6, with_up=True) for name in names}))
    assert len(axes) == 2 * MAX_FILES
    assert all(len(a.get_title(loc="left").split("\n")[0]) <= 31 for a in axes)


def test_no_file_and_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 6 files, got 0"):
        trace_files({})
    with pytest.raises(ValueError, match="1 to 6 files, got 7"):
        trace_files({str(i): link(1e6) for i in range(7)})
