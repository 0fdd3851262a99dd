"""mahimahi packet-delivery traces: one integer a line, in milliseconds.

A line t is one opportunity to deliver 1500 bytes in [t - 1, t) ms. The recording repeats after
its last timestamp, so t = 0 is the last millisecond of the period.
"""

from __future__ import annotations

import numpy as np

from traces.recording import BandwidthRecording, Direction, one_way

from .source import Source

BYTES_PER_LINE = 1500
_LARGEST_MS = 10**12


def sniff(source: Source) -> bool:
    """Whether the first lines are one integer each."""
    head = source.head
    return bool(head) and all(len(words) == 1 and words[0].isdecimal() for words in head)


def read(source: Source, direction: Direction | None = None) -> BandwidthRecording:
    """One direction: as declared, else the uplink if the name ends in `.up`, else the downlink."""
    stamps_ms = _stamps(source)
    period_ms = int(stamps_ms[-1])
    if period_ms == 0:
        raise source.error("the last timestamp is the period and must be above 0 ms")
    n_zeros = int(np.searchsorted(stamps_ms, 1))
    later_ms = stamps_ms[n_zeros:]
    firsts = np.flatnonzero(np.diff(later_ms, prepend=0))
    ends_ms = later_ms[firsts]  # np.unique, but the stamps are sorted already
    counts = np.diff(firsts, append=len(later_ms))
    counts[-1] += n_zeros
    edges_ms = np.concatenate(([0], np.column_stack((ends_ms - 1, ends_ms)).ravel()))
    edges_ms = edges_ms[np.flatnonzero(np.diff(edges_ms, prepend=-1))]
    lines = np.zeros(len(edges_ms) - 1)
    lines[np.searchsorted(edges_ms, ends_ms) - 1] = counts
    trace = source.trace(edges_ms / 1000.0, lines * BYTES_PER_LINE)
    if direction is None and source.path.endswith((".up", ".up.gz")):
        direction = "up"
    return one_way("mahimahi", direction, trace)


def _stamps(source: Source) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(n,) milliseconds, not decreasing. A million lines take about 0.1 s."""
    data = source.data.removeprefix(b"\xef\xbb\xbf")
    if data.translate(None, b"0123456789\r\n"):
        _refuse_a_line(source)
        data = "\n".join(words[0] for _, words in source.rows()).encode()
    if not data.strip():
        raise source.error("the file is empty")
    stamps_ms = np.fromstring(data, dtype=np.int64, sep="\n")
    if stamps_ms.max() > _LARGEST_MS:  # the C parser saturates
        _refuse_a_line(source)
    back = np.flatnonzero(np.diff(stamps_ms) < 0)
    if len(back):
        line, _ = source.rows()[int(back[0]) + 1]
        raise source.error(
            "timestamps must not decrease: if each line is a rate, say format=csv header=false "
            "down=0 step_s=1 rate_unit=...",
            line,
        )
    return stamps_ms


def _refuse_a_line(source: Source) -> None:
    for line, words in source.rows():
        if len(words) != 1 or not (words[0].isascii() and words[0].isdecimal()):
            got = " ".join(words)[:40]
            raise source.error(f"a line must be one integer, in ms, got {got!r}", line)
        if len(words[0]) > 20 or int(words[0]) > _LARGEST_MS:
            raise source.error(f"a timestamp must be at most {_LARGEST_MS} ms", line)
