"""Warnings about rates that a link is unlikely to have: often another unit was meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from traces.recording import BandwidthRecording, Recording
from traces.step import StepTrace

LEAST_MBIT_PER_S, MOST_MBIT_PER_S = 0.05, 2000.0
"""A mean outside is doubted. Recorded links of 3G to 5G and satellites lie well inside."""

_MBIT_PER_S = 8e-6
_UNITS = {"bit/s": 1e-6, "byte/s": 8e-6, "kbit/s": 1e-3, "kB/s": 8e-3, "Mbit/s": 1.0, "MB/s": 8.0}
"""Mbit/s in each."""

_READ_AS = {
    "pensieve": "Mbit/s",
    "genet": "Mbit/s",
    "sabre": "kbit/s",
    "alphartc": "kbit/s",
    "simgrid": "byte/s",
    "mahimahi": "",
    "csv": "",
}
"""The unit in which a format has its rates; "" if it depends. Other formats are not doubted: the
file states its units, or one program has always written it."""

_HIGH_MBIT_PER_S = 200.0
_LONG_ROW_S = 100.0
_SHORT_PERIOD_S = 0.1


def with_doubts(recording: Recording) -> Recording:
    """The recording, with a warning for each direction whose rates are implausible."""
    if not isinstance(recording, BandwidthRecording) or recording.format not in _READ_AS:
        return recording
    traces = (("down", recording.down), ("up", recording.up))
    doubts = [
        f"{name}: {doubt}"
        for name, trace in traces
        if trace is not None and (doubt := _doubt(recording.format, trace))
    ]
    return replace(recording, warnings=(*recording.warnings, *doubts)) if doubts else recording


def _doubt(format: str, trace: StepTrace) -> str:
    """What is implausible, what it may be instead and what to write then; "" for nothing."""
    mean = trace.mean * _MBIT_PER_S
    if mean == 0.0:
        return "the rate is 0 all the time: no transfer can ever end"
    is_odd = not LEAST_MBIT_PER_S <= mean <= MOST_MBIT_PER_S
    told = f"a mean of {mean:.3g} Mbit/s is implausible" if is_odd else ""
    if format == "mahimahi":
        return _of_mahimahi(trace, told)
    if format == "pensieve":
        return _of_pensieve(trace, mean, told)
    if not told:
        return ""
    told += _instead(_READ_AS[format], mean)
    return f"{told}: is rate_unit right?" if format == "csv" else told


def _instead(unit: str, mean: float) -> str:
    """Units in which the same numbers would be plausible."""
    if not unit:
        return ""
    means = {other: mean * factor / _UNITS[unit] for other, factor in _UNITS.items()}
    plausible = [
        f"{other} it is {of:.3g} Mbit/s" for other, of in means.items() if 0.2 <= of <= 500.0
    ]
    return f"; in {', in '.join(plausible)}" if plausible else ""


def _of_mahimahi(trace: StepTrace, told: str) -> str:
    """Rates, one a line, look like a mahimahi file that is empty for most of its period."""
    first_s = float(trace.times_s[np.flatnonzero(trace.values)[0]])
    is_late = trace.period_s >= _SHORT_PERIOD_S and first_s > 0.5 * trace.period_s
    if is_late and trace.total > 1500.0:
        late = f"nothing is delivered in the first {first_s:g} of {trace.period_s:g} s"
        told = f"{told}, and {late}" if told else late
    if not told:
        return ""
    return (
        f"{told}: if each line is a rate, for example in kbit/s and one a second, say format=csv "
        "header=false down=0 step_s=1 rate_unit=kbit/s"
    )


def _of_pensieve(trace: StepTrace, mean: float, told: str) -> str:
    """Pensieve's files have rows of seconds and rates with decimals, as far as they are known."""
    rates = trace.values * _MBIT_PER_S
    if not told and mean >= _HIGH_MBIT_PER_S and np.allclose(rates, np.round(rates), atol=1e-6):
        told = f"a mean of {mean:.3g} Mbit/s in whole numbers is doubtful"
    row_s = float(np.median(np.diff(trace.edges_s)))
    is_slow = row_s >= _LONG_ROW_S
    if is_slow:
        rows = f"rows of {row_s:g} s"
        told = f"{told}, and so are {rows}" if told else f"{rows} are implausible"
    if not told:
        return ""
    if mean >= _HIGH_MBIT_PER_S or mean < LEAST_MBIT_PER_S:
        told += _instead("Mbit/s", mean)
    time_unit = " time_unit=ms" if is_slow else ""
    return (
        f"{told}: for another unit say format=csv header=false time=0 down=1{time_unit} "
        "rate_unit=..., for a SimGrid profile format=simgrid"
    )
