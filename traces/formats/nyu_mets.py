"""NYU-METS LTE traces: `value,unit` rows of iperf, one a second, the unit varying by row."""

from __future__ import annotations

from traces.recording import BandwidthRecording, Direction, one_way

from .source import Source

_BYTES_PER_S = {"bits/sec": 1 / 8, "Kbits/sec": 1e3 / 8, "Mbits/sec": 1e6 / 8, "Gbits/sec": 1e9 / 8}


def sniff(source: Source) -> bool:
    """Whether the first row is a number and one of iperf's units."""
    first = source.first_lines[0].split(",") if source.first_lines else []
    return len(first) == 2 and first[1].strip() in _BYTES_PER_S


def read(source: Source, direction: Direction | None = None) -> BandwidthRecording:
    """The downlink, unless `direction` says otherwise."""
    amounts = []
    for line, words in source.rows():
        fields = "".join(words).split(",")
        if len(fields) != 2:
            raise source.error(f"a row is `value,unit`, got {len(fields)} fields", line)
        value, unit = fields
        if unit not in _BYTES_PER_S:
            known = ", ".join(_BYTES_PER_S)
            raise source.error(f"unit must be one of {known}, got {unit[:40]!r}", line)
        amounts.append(source.number(value, "value", line, high=1e12) * _BYTES_PER_S[unit])
    trace = source.trace(range(len(amounts) + 1), amounts)
    return one_way("nyu-mets", direction, trace)
