"""AWARE battery logs as niimpy ships them: CSV of unix time and battery status, unsorted.

Status 2 (charging) and 5 (full) count as available; 3 (discharging), 4 (not charging) and the
negative shutdown and reboot marks do not.
"""

from __future__ import annotations

from traces.availability import Availability
from traces.recording import AvailabilityRecording

from .event_log import availability
from .source import Source

_NEEDED = ("time", "battery_status")
_CHARGING = (2, 5)


def sniff(source: Source) -> bool:
    """Whether the header has a time and a battery status."""
    return set(_NEEDED) <= set(source.header)


def read(source: Source) -> AvailabilityRecording:
    """Every device (one, if the file names none), from its first row on."""
    rows: dict[str, list[tuple[float, bool]]] = {}
    for line, fields in source.records(_NEEDED):
        name = "/".join(fields[key] for key in ("user", "device") if key in fields) or "0"
        t_s = source.number(fields["time"], "time", line, high=1e11)
        status = source.number(fields["battery_status"], "battery_status", line, -100.0, 100.0)
        rows.setdefault(name, []).append((t_s, status in _CHARGING))
    devices = {name: _device(source, name, of) for name, of in sorted(rows.items())}
    return AvailabilityRecording(format="aware", devices=devices, warnings=("rule: charging",))


def _device(source: Source, name: str, rows: list[tuple[float, bool]]) -> Availability:
    rows = sorted(rows, key=lambda row: row[0])
    start_s = rows[0][0]
    try:
        return availability((t_s - start_s, is_on) for t_s, is_on in rows)
    except ValueError as error:
        raise source.error(f"device {name[:40]}: {error}") from None
