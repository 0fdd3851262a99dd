"""Builds each client's availability from `fleet.availability`, synthetic or recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sim.fleet.availability import ClientAvailability
from sim.scenario.fleet import Always, Availability, Diurnal, RecordedAvailability, Windows
from sim.streams import Streams
from traces import availability
from traces.availability import Availability as Trace
from traces.recording import AvailabilityRecording

from .sources import assign, check_by_id, check_reference, read_files

_KEY = "fleet.availability.source"
_OFFSET = "fleet.availability.offset"


@dataclass(frozen=True, slots=True)
class PopulationAvailability:
    """The availability of every client, by id, facts about its source for the manifest, and
    warnings."""

    clients: list[ClientAvailability]
    facts: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


def population_availability(
    kind: Availability,
    streams: Streams,
    ids: Sequence[int],
    cache_dir: Path,
    phones: Sequence[str] | None = None,
) -> PopulationAvailability:
    """The availability of the clients `ids`; that of a client does not depend on the others.

    phones: the name of each client's phone in another recording (fleet.capacities). Recordings that
    are assigned in turn go to the clients whose phones have their names, where there are such.

    Raises ValueError, naming the key; TraceError, naming the file and line, for a bad file.
    """
    if isinstance(kind, Always):
        return PopulationAvailability([ClientAvailability(availability.always)] * len(ids), {})
    if isinstance(kind, Windows):
        shared = availability.from_windows(kind.windows_s, kind.period_s)
        staggered = [ClientAvailability(partial(shared.shift, -i * kind.stagger_s)) for i in ids]
        return PopulationAvailability(staggered, {})
    if isinstance(kind, Diurnal):
        zones_s = streams.uniform("time zone", ids=ids) * kind.zones_h * 3600.0
        diurnal_clients = [
            ClientAvailability(partial(_diurnal, kind, streams, i, zone_s))
            for i, zone_s in zip(ids, zones_s.tolist(), strict=True)
        ]
        return PopulationAvailability(diurnal_clients, {})
    return _recorded(kind, streams, ids, cache_dir, phones)


def check_availability(kind: Availability) -> None:
    """Raise ValueError if the source does not exist. Reads and downloads nothing."""
    if isinstance(kind, RecordedAvailability):
        check_reference(_KEY, kind.source)


def _recorded(
    kind: RecordedAvailability,
    streams: Streams,
    ids: Sequence[int],
    cache_dir: Path,
    phones: Sequence[str] | None,
) -> PopulationAvailability:
    readings = read_files(_KEY, kind.files, cache_dir)
    check_by_id(_KEY, kind.assign, readings.passed_over)
    devices: list[tuple[str, Trace]] = []
    named: dict[str, int] = {}
    files, warnings = [], list(readings.warnings)
    for reading in readings.found:
        recording = reading.recording
        if not isinstance(recording, AvailabilityRecording):
            what = f"holds no availability: it is a {recording.format} file"
            warnings.append(f"{_KEY}: {reading.name} {what}")
            continue
        check_by_id(_KEY, kind.assign, _left_out([*recording.devices]))
        for name, of in recording.devices.items():
            named.setdefault(name, len(devices))
            devices.append((f"{reading.name}:{name}", of))
        origin = {"sha256": reading.sha256, "licence": reading.licence}
        files.append({"name": reading.name, "format": recording.format, **origin})
    if not devices:
        formats = sorted({reading.recording.format for reading in readings.found})
        raise ValueError(
            f"{_KEY}: no file of {kind.source} contains availability: it is {', '.join(formats)}"
        )
    device_of = assign(_KEY, kind.assign, streams, "recorded device", ids, len(devices))
    if phones is not None and kind.assign == "round-robin":
        n_unknown = sum(phone not in named for phone in phones)
        if n_unknown:
            told = f"{n_unknown} of {len(phones)} clients have a phone of fleet.capacities that has"
            warnings.append(f"{_KEY}: {told} no availability under its name: assigned in turn")
        pairs = zip(phones, device_of, strict=True)
        device_of = [named.get(phone, in_turn) for phone, in_turn in pairs]
    shares = [0.0] * len(ids)
    if kind.offset == "random":
        shares = streams.uniform("availability offset", ids=ids).tolist()
        if any(device.end_rule != "loop" for _, device in devices):
            warnings.append(f"{_OFFSET}: a device that does not repeat is met from its start")
    offsets_s = [
        _offset_s(devices[of][1], share) for share, of in zip(shares, device_of, strict=True)
    ]
    clients = [
        ClientAvailability(partial(devices[of][1].shift, offset_s))
        for of, offset_s in zip(device_of, offsets_s, strict=True)
    ]
    facts = {
        "files": files,
        "devices": [name for name, _ in devices],
        "device_of_client": device_of,
        "offset_s": offsets_s,
    }
    return PopulationAvailability(clients, facts, warnings)


def _left_out(names: Sequence[str]) -> list[str]:
    """The devices that are missing between those of a file that counts them."""
    numbers = sorted(int(name) for name in names if name.isdecimal())
    is_counted = len(numbers) == len(names) > 0 and numbers[-1] - numbers[0] < 2 * len(names)
    if not is_counted:
        return []
    gaps = sorted({*range(numbers[0], numbers[-1] + 1)} - {*numbers})
    return [f"device {number}" for number in gaps]


def _offset_s(device: Trace, share: float) -> float:
    return share * device.period_s if device.end_rule == "loop" else 0.0


def _diurnal(kind: Diurnal, streams: Streams, client_id: int, zone_s: float) -> Trace:
    return availability.diurnal(
        streams.generator("availability", client_id),
        days=kind.days,
        centre_h=kind.centre_h,
        mean_h=kind.mean_h,
        spread_h=kind.spread_h,
        p_day=kind.p_day,
    ).shift(zone_s)
