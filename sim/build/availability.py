"""When each client is available: from the scenario's availability, synthetic or recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sim.fleet.availability import ClientAvailability
from sim.scenario.fleet import Always, Availability, Diurnal, RecordedAvailability, Windows
from sim.streams import Streams
from traces import availability
from traces.availability import Availability as Trace
from traces.load import load
from traces.recording import AvailabilityRecording

from .sources import assign, check_reference, content_digest, find_files, licence_of

_KEY = "fleet.availability.source"


@dataclass(frozen=True, slots=True)
class PopulationAvailability:
    """Every client's availability, and what the manifest says of its making."""

    clients: list[ClientAvailability]
    facts: dict[str, Any]


def population_availability(
    kind: Availability, streams: Streams, ids: Sequence[int], cache_dir: Path
) -> PopulationAvailability:
    """The availability of the clients, each depending on its own id alone.

    Raises ValueError (TraceError for a bad file), naming the key.
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
    return _recorded(kind, streams, ids, cache_dir)


def check_availability(kind: Availability) -> None:
    """Refuse a source that names nothing, as far as can be told without reading it."""
    if isinstance(kind, RecordedAvailability):
        check_reference(_KEY, kind.source)


def _recorded(
    kind: RecordedAvailability, streams: Streams, ids: Sequence[int], cache_dir: Path
) -> PopulationAvailability:
    devices: list[tuple[str, Trace]] = []
    files = []
    for path in find_files(_KEY, kind.source, cache_dir):
        recording = load(path, kind.format, **kind.format_options)
        if isinstance(recording, AvailabilityRecording):
            devices += [(f"{path.name}:{name}", of) for name, of in recording.devices.items()]
            origin = {"sha256": content_digest(path), "licence": licence_of(kind.source)}
            files.append({"name": path.name, "format": recording.format, **origin})
    if not devices:
        raise ValueError(f"{_KEY}: no file of {kind.source} holds availability")
    given = assign(_KEY, kind.assign, streams, "recorded device", ids, len(devices))
    shares = [0.0] * len(ids)
    if kind.offset == "random":
        shares = streams.uniform("availability offset", ids=ids).tolist()
    offsets_s = [share * devices[of][1].period_s for share, of in zip(shares, given, strict=True)]
    clients = [
        ClientAvailability(partial(devices[of][1].shift, offset_s))
        for of, offset_s in zip(given, offsets_s, strict=True)
    ]
    facts = {
        "files": files,
        "devices": [name for name, _ in devices],
        "device_of_client": given,
        "offset_s": offsets_s,
    }
    return PopulationAvailability(clients, facts)


def _diurnal(kind: Diurnal, streams: Streams, client_id: int, zone_s: float) -> Trace:
    return availability.diurnal(
        streams.generator("availability", client_id),
        days=kind.days,
        centre_h=kind.centre_h,
        mean_h=kind.mean_h,
        spread_h=kind.spread_h,
        p_day=kind.p_day,
    ).shift(zone_s)
