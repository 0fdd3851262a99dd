"""What the fleet's recordings give to its clients: links, speeds and availability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.fleet.availability import ClientAvailability
from sim.fleet.link import UNSHARED, Link, ServerLink
from sim.scenario.fleet import Fleet
from sim.streams import Streams

from .availability import population_availability
from .capacities import find_phones
from .network import build_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """By client id: the link, the availability, and the speed over that of the device class.

    Also facts for the manifest, and warnings about the files of recordings.
    """

    links: list[Link]
    availability: list[ClientAvailability]
    speeds: list[float]
    facts: dict[str, Any]


def find_surroundings(
    fleet: Fleet,
    streams: Streams,
    ids: Sequence[int],
    cache_dir: Path,
    *,
    server: ServerLink = UNSHARED,
    full_s_per_sample: Callable[[], float],
) -> Surroundings:
    """Those of the clients `ids`, read from the fleet's files of recordings.

    full_s_per_sample: see find_phones. Raises ValueError, naming the key; TraceError, naming the
    file and line, for a bad file.
    """
    if fleet.network is not None:
        network = build_links(fleet.network, streams, ids, cache_dir, server)
        links, speeds, names = network.links, [1.0] * len(ids), None
        facts, warnings = {"network": network.facts}, network.warnings
    else:
        assert fleet.capacities is not None  # by a rule of Fleet
        phones = find_phones(
            fleet.capacities,
            streams,
            ids,
            cache_dir,
            server=server,
            full_s_per_sample=full_s_per_sample,
        )
        links, speeds, names = phones.links, phones.speeds, phones.names
        facts, warnings = {"network": {}, "capacities": phones.facts}, phones.warnings
    available = population_availability(fleet.availability, streams, ids, cache_dir, names)
    return Surroundings(
        links=links,
        availability=available.clients,
        speeds=speeds,
        facts={
            **facts,
            "availability": available.facts,
            "trace_warnings": [*warnings, *available.warnings],
        },
    )
