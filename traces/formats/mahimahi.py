"""mahimahi packet-delivery traces: one integer a line, in milliseconds.

A line t is one opportunity to deliver 1500 bytes in [t - 1, t) ms. The recording repeats after
its last timestamp, so t = 0 is the last millisecond of the period.
"""

from __future__ import annotations

import re

import numpy as np

from traces.recording import BandwidthRecording

from .source import Source

BYTES_PER_LINE = 1500
_MAX_DIGITS = 12
_TOO_LONG = re.compile(rb"[0-9]{%d}" % (_MAX_DIGITS + 1))


def sniff(source: Source) -> bool:
    """Whether the first lines are one integer each."""
    head = source.head
    return bool(head) and all(len(words) == 1 and words[0].isdecimal() for words in head)


def read(source: Source) -> BandwidthRecording:
    """One direction: the uplink if the name ends in `.up`, else the downlink."""
    stamps_ms = _stamps(source)
    period_ms = int(stamps_ms[-1])
    if period_ms == 0:
        raise source.error("the last timestamp is the period and must be above 0 ms")
    ends_ms, counts = np.unique(np.where(stamps_ms == 0, period_ms, stamps_ms), return_counts=True)
    edges_ms = np.union1d(np.union1d(ends_ms - 1, ends_ms), [0])
    lines = np.zeros(len(edges_ms) - 1)
    lines[np.searchsorted(edges_ms, ends_ms) - 1] = counts
    trace = source.trace(edges_ms / 1000.0, lines * BYTES_PER_LINE)
    if source.path.endswith((".up", ".up.gz")):
        return BandwidthRecording(format="mahimahi", up=trace)
    return BandwidthRecording(format="mahimahi", down=trace)


def _stamps(source: Source) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(n,) milliseconds, not decreasing. A million lines take about 0.1 s."""
    data = source.data.removeprefix(b"\xef\xbb\xbf")
    if data.translate(None, b"0123456789\r\n"):
        _refuse_a_line(source)
        data = b"\n".join(line.strip() for line in data.splitlines())
    if not data.strip():
        raise source.error("the file is empty")
    if _TOO_LONG.search(data):
        _refuse_a_line(source)
    stamps_ms = np.fromstring(data, dtype=np.int64, sep="\n")
    back = np.flatnonzero(np.diff(stamps_ms) < 0)
    if len(back):
        line, _ = source.rows()[int(back[0]) + 1]
        raise source.error("timestamps must not decrease", line)
    return stamps_ms


def _refuse_a_line(source: Source) -> None:
    for line, words in source.rows():
        if len(words) != 1 or not (words[0].isascii() and words[0].isdecimal()):
            got = " ".join(words)[:40]
            raise source.error(f"a line must be one integer, in ms, got {got!r}", line)
        if len(words[0]) > _MAX_DIGITS:
            raise source.error(f"a timestamp has at most {_MAX_DIGITS} digits", line)
