"""AWARE battery logs as niimpy ships them: CSV of unix time and battery status, unsorted.

Status 2 (charging) and 5 (full) count as available; 3 (discharging), 4 (not charging) and the
negative shutdown and reboot marks do not.
"""

from __future__ import annotations

from traces.availability import Availability
from traces.recording import AvailabilityRecording

from .delimited import header_of, records_of
from .event_log import availability
from .population import devices
from .source import Source

_NEEDED = ("time", "battery_status")
_CHARGING = (2, 5)

_Row = tuple[int, dict[str, str]]


def sniff(source: Source) -> bool:
    """Whether the header has a time and a battery status."""
    return set(_NEEDED) <= set(header_of(source))


def read(source: Source) -> AvailabilityRecording:
    """Every device (one, if the file names none), from its first row on."""
    rows: dict[str, list[_Row]] = {}
    for line, fields in records_of(source, _NEEDED):
        name = "/".join(fields[key] for key in ("user", "device") if key in fields) or "0"
        rows.setdefault(name, []).append((line, fields))
    raw = dict(sorted(rows.items()))
    found, left_out = devices(raw, lambda name, of: _device(source, name, of))
    warnings = ("rule: charging", *left_out)
    return AvailabilityRecording(format="aware", devices=found, warnings=warnings)


def _device(source: Source, name: str, rows: list[_Row]) -> Availability:
    states = sorted((_state(source, line, fields) for line, fields in rows), key=lambda one: one[0])
    start_s = states[0][0]
    events = ((t_s - start_s, is_on) for t_s, is_on in states)
    return availability(source, f"device {name[:40]}", events)


def _state(source: Source, line: int, fields: dict[str, str]) -> tuple[float, bool]:
    t_s = source.number(fields["time"], "time", line, high=1e11)
    status = source.number(fields["battery_status"], "battery_status", line, -100.0, 100.0)
    return t_s, status in _CHARGING
