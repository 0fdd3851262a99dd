"""iperf3's JSON log (`iperf3 --json`): bytes by interval, in one direction or both.

The directions are the client's, in a server's log too: a test sends up, `--reverse` sends down,
`--bidir` does both. Intervals that iperf3 marks as omitted are left out. A sender's log counts
what the socket took, so its first interval may hold a burst that only filled buffers. A UDP
sender's log counts what it offered, whatever the link carried, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from traces.recording import BandwidthRecording, Direction

from .source import Source

_FORWARD, _REVERSE = "sum", "sum_bidir_reverse"

_OFFERED = (
    "a UDP sender's log counts what it offered, not what the link carried: use the receiver's log "
    "(the client's with --reverse, or else the server's)"
)

_Row = tuple[float, float]
"""Seconds and bytes of an interval."""


def sniff(source: Source) -> bool:
    """Whether the content has a start and a list of intervals."""
    content = source.mapping
    return content is not None and "start" in content and isinstance(content.get("intervals"), list)


def read(source: Source, direction: Direction | None = None) -> BandwidthRecording:
    """What each direction carried. direction: which one a log of one direction is of."""
    content = source.mapping or {}
    intervals = content.get("intervals")
    if not isinstance(intervals, list) or not isinstance(content.get("start"), dict):
        raise source.error("must be an object with a start and a list of intervals")
    if not intervals:
        reason = str(content.get("error", "the test ended before its first report"))
        raise source.error(f"holds no interval: {reason[:100]}")
    rows: dict[str, list[_Row]] = {}
    n_omitted = 0
    for number, interval in enumerate(intervals):
        for name, sums in _sums(source, number, interval):
            if sums.get("omitted") is True:
                n_omitted += 1
                continue
            way, where = _direction(content, name, sums), f"intervals[{number}].{name}"
            if _is_of_udp(content) and _is_sender(content, way, sums):
                raise source.error(f"{where}: {_OFFERED}")
            row = _row(source, where, sums)
            if row[0] > 0.0:
                rows.setdefault(way, []).append(row)
    if not rows:
        raise source.error("every interval is omitted or has no duration")
    if direction is not None:
        if len(rows) > 1:
            raise source.error("holds both directions: option direction is for a log of one")
        (only,) = rows.values()
        rows = {direction: only}
    traces = {way: source.steps(of) for way, of in rows.items()}
    warnings = [f"{n_omitted} omitted intervals were left out"] if n_omitted else []
    if "error" in content:
        warnings.append(f"iperf3 ended with an error: {str(content['error'])[:100]}")
    return BandwidthRecording(
        format="iperf3", down=traces.get("down"), up=traces.get("up"), warnings=tuple(warnings)
    )


def _sums(source: Source, number: int, interval: object) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The totals over all streams of an interval: of both directions in a `--bidir` log."""
    found = interval if isinstance(interval, dict) else {}
    sums = [(name, found[name]) for name in (_FORWARD, _REVERSE) if name in found]
    if not sums or not all(isinstance(one, dict) for _, one in sums):
        raise source.error(f"intervals[{number}] must be an object with {_FORWARD}")
    return sums


def _direction(content: Mapping[object, Any], name: str, sums: Mapping[str, Any]) -> Direction:
    """From who sent, and whose log it is; logs of old versions only tell how the test was run."""
    if isinstance(sums.get("sender"), bool):
        return "up" if sums["sender"] != _is_server(content) else "down"
    is_reverse = _test(content).get("reverse") in (1, True)
    return "down" if is_reverse != (name == _REVERSE) else "up"


def _is_server(content: Mapping[object, Any]) -> bool:
    start = content["start"]
    return "accepted_connection" in start and "connecting_to" not in start


def _test(content: Mapping[object, Any]) -> Mapping[str, Any]:
    """How the test was run; nothing if the log does not say."""
    test = content["start"].get("test_start")
    return test if isinstance(test, dict) else {}


def _is_of_udp(content: Mapping[object, Any]) -> bool:
    return str(_test(content).get("protocol")).upper() == "UDP"


def _is_sender(content: Mapping[object, Any], way: Direction, sums: Mapping[str, Any]) -> bool:
    """Whether whose log it is sent these bytes: as it says, else from their direction."""
    told = sums.get("sender")
    return told if isinstance(told, bool) else (way == "up") != _is_server(content)


def _row(source: Source, where: str, sums: Mapping[str, Any]) -> _Row:
    for key in ("seconds", "bytes"):
        if key not in sums:
            raise source.error(f"{where} needs {key}")
    seconds = source.number(sums["seconds"], f"{where}.seconds", high=1e9)
    return seconds, source.number(sums["bytes"], f"{where}.bytes")
