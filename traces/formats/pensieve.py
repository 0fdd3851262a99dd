"""Pensieve's "cooked" traces: `time_s Mbit/s` rows; row i is the rate over (t[i-1], t[i]].

The first row only says where the recording starts, which may be above 0.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from traces.recording import BandwidthRecording, Direction, one_way
from traces.step import constant

from . import simgrid
from .options import Between
from .source import Source

_BYTES_PER_S = 1e6 / 8


def sniff(source: Source) -> bool:
    """Whether the first lines are two numbers each, the first one increasing.

    A SimGrid profile of states has only the values 0 and 1, and is none.
    """
    if not source.head or any(len(words) != 2 for words in source.head):
        return False
    try:
        times = [float(time) for time, rate in source.head if float(rate) >= 0.0]
    except ValueError:
        return False
    is_sorted = times == sorted(times) and len(times) == len(source.head)
    return is_sorted and not simgrid.sniff(source)


def read(
    source: Source,
    payload_factor: Annotated[float, Between(0.0, 1.0)] = 1.0,
    rtt_s: Annotated[float, Between(0.0, 3600.0)] = 0.0,
    direction: Direction | None = None,
) -> BandwidthRecording:
    """The downlink, unless `direction` says otherwise.

    Pensieve's own simulator used payload_factor 0.95 and rtt_s 0.08.
    """
    times_s: list[float] = []
    rates: list[float] = []
    for line, words in source.rows():
        if len(words) != 2:
            raise source.error(f"a row is `time_s Mbit/s`, got {len(words)} fields", line)
        time_s = source.number(words[0], "time_s", line, high=1e12)
        if times_s and time_s <= times_s[-1]:
            raise source.error(f"time_s must increase, got {time_s:g} after {times_s[-1]:g}", line)
        times_s.append(time_s)
        rates.append(source.number(words[1], "Mbit/s", line, high=1e9))
    if len(times_s) < 2:
        raise source.error("needs at least two rows: the first one only gives the start")
    edges_s = np.asarray(times_s) - times_s[0]
    rates_bytes_per_s = np.asarray(rates[1:]) * (_BYTES_PER_S * payload_factor)
    trace = source.trace(edges_s, rates_bytes_per_s * np.diff(edges_s))
    return one_way("pensieve", direction, trace, constant(rtt_s) if rtt_s else None)
