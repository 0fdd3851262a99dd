"""Recorded phones: a client has the speed and the bandwidth of one phone of `fleet.capacities`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sim.fleet.link import Link, OneWay, ServerLink
from sim.scenario.network import Capacities
from sim.streams import Streams
from traces.recording import CapacityRecording, DeviceCapacity
from traces.step import constant

from .sources import assign, check_by_id, read_files

_KEY = "fleet.capacities"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """Each client's phone by id: its name, its link, and its speed over that of the device class.

    Also facts for the manifest, and warnings.
    """

    names: list[str]
    links: list[Link]
    speeds: list[float]
    facts: dict[str, Any]
    warnings: list[str]


def find_phones(
    kind: Capacities,
    streams: Streams,
    ids: Sequence[int],
    cache_dir: Path,
    *,
    server: ServerLink,
    full_s_per_sample: Callable[[], float],
) -> Phones:
    """The phones of the clients `ids`. server: the server's own link, if it has limits.

    full_s_per_sample: seconds of full fine-tuning on the fleet's device class. Raises ValueError,
    naming the key; TraceError, naming the file and line, for a bad file.
    """
    readings = read_files(f"{_KEY}.source", kind.files, cache_dir)
    check_by_id(f"{_KEY}.source", kind.assign, readings.passed_over)
    phones: list[DeviceCapacity] = []
    files = []
    for reading in readings.found:
        if not isinstance(reading.recording, CapacityRecording):
            raise ValueError(
                f"{_KEY}.source: {reading.name} holds no capacities: it is a "
                f"{reading.recording.format} file"
            )
        phones += reading.recording.devices
        files.append({"name": reading.name, "sha256": reading.sha256, "licence": reading.licence})
    usual_s = median(phone.train_s_per_sample for phone in phones)
    reference_s = usual_s if kind.speed == "relative" else full_s_per_sample()
    phone_of = assign(f"{_KEY}.source", kind.assign, streams, "phone", ids, len(phones))
    links = {of: _link(phones[of], kind.latency_s, server) for of in sorted(set(phone_of))}
    speeds = [reference_s / phones[of].train_s_per_sample for of in phone_of]
    facts = {
        "files": files,
        "n_phones": len(phones),
        "median_train_s_per_sample": usual_s,
        "phone_of_client": [phones[of].name for of in phone_of],
        "speed_of_client": speeds,
        "mbit_per_s_of_client": [phones[of].bytes_per_s * 8e-6 for of in phone_of],
    }
    return Phones(
        names=[phones[of].name for of in phone_of],
        links=[links[of] for of in phone_of],
        speeds=speeds,
        facts=facts,
        warnings=readings.warnings,
    )


def _link(phone: DeviceCapacity, latency_s: float, server: ServerLink) -> Link:
    rate = constant(phone.bytes_per_s)
    return Link(
        OneWay(rate, latency_s, server=server.down), OneWay(rate, latency_s, server=server.up)
    )
