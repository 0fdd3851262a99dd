"""Finds the traces that `fleet.network` names: presets, and files in the formats that are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from learner.ranges import require
from sim.scenario.network import ConstantNetwork, TraceFiles, TraceNetwork, Way
from sim.streams import Streams
from traces.describe import even_steps
from traces.formats import READERS
from traces.formats.columns import direction_of
from traces.formats.options import names
from traces.recording import BandwidthRecording
from traces.reshape import scale
from traces.step import StepTrace
from traces.synthetic import PRESETS, bandwidth

from .sources import Reading, check_by_id, check_reference, read_files

_MBIT_PER_S = 8e-6
_OTHER_WORDS = frozenset(
    [
        *("down", "downlink", "download", "downloads", "downstream", "dl", "rx"),
        *("up", "uplink", "upload", "uploads", "upstream", "ul", "tx"),
        *("csv", "dat", "gz", "json", "log", "tsv", "txt"),
    ]
)
"""Words of a file's name that do not name its recording: directions and formats."""

_WAYS: tuple[Way, Way] = ("downlink", "uplink")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSource:
    """A trace that clients can be assigned.

    `sha256`: of its file (None: generated from a preset). `licence`: see licence_of; "" for a
    preset, which has none (traces/data/SOURCES.md). `round_trip`: seconds, where the format
    records them.
    """

    name: str
    format: str
    trace: StepTrace
    sha256: str | None = None
    licence: str | None = ""
    round_trip: StepTrace | None = None

    def scaled(self, ratio: float) -> TraceSource:
        """The same with another rate, named so."""
        name = f"{ratio:g} x {self.name}"
        return replace(self, name=name, trace=scale(self.trace, ratio))

    def facts(self) -> dict[str, Any]:
        """What the manifest keeps of it."""
        return {
            "name": self.name,
            "format": self.format,
            "sha256": self.sha256,
            "licence": self.licence,
            "period_s": self.trace.period_s,
            "mean_mbit_per_s": self.trace.mean * _MBIT_PER_S,
            "quantiles_mbit_per_s": _quantiles(self.trace),
            "mean_round_trip_s": None if self.round_trip is None else self.round_trip.mean,
        }


def key_of(way: Way) -> str:
    """The key of a direction in a scenario."""
    return f"fleet.network.{way}"


def check_references(network: ConstantNetwork | TraceNetwork | None) -> None:
    """Raise ValueError if a reference names no trace. Reads and downloads nothing."""
    if not isinstance(network, TraceNetwork):
        return
    for way in _WAYS:
        files = network.files(way)
        if isinstance(files, TraceFiles):
            check_reference(key_of(way), files.source, sorted(PRESETS))
            if files.source in PRESETS and isinstance(getattr(network, way), TraceFiles):
                require(
                    not files.format and not files.format_options,
                    f"{key_of(way)}.format must not be set for the preset {files.source}; a file "
                    f"of this name is ./{files.source}",
                )


def find_sources(
    way: Way, network: TraceNetwork, streams: Streams, cache_dir: Path
) -> tuple[list[TraceSource], list[str]]:
    """The traces of a direction by name, a preset's or those of files, and warnings.

    Files of the other direction are left out. Raises ValueError, naming the key, if none is left;
    TraceError for a bad file.
    """
    files, key = network.files(way), key_of(way)
    assert isinstance(files, TraceFiles)
    if files.source in PRESETS:
        trace = bandwidth(files.source, streams.generator(way), network.period_s)
        return [TraceSource(name=files.source, format="synthetic", trace=trace)], []
    readings = read_files(key, files, cache_dir)
    check_by_id(key, network.assign, readings.passed_over)
    links = [one for one in readings.found if isinstance(one.recording, BandwidthRecording)]
    found = [source for source in (_source(one, way) for one in links) if source is not None]
    if not found:
        raise ValueError(f"{key}: {_nothing(files.source, way, readings.found)}")
    warnings = list(readings.warnings)
    if len(links) < len(readings.found):
        others = [one.name for one in readings.found if one not in links]
        warnings.append(f"{key}: no bandwidth, passed over: {', '.join(others[:3])}")
    return found, warnings


def paired(
    downs: Sequence[TraceSource], ups: Sequence[TraceSource]
) -> tuple[list[TraceSource], list[str]]:
    """The uplinks in the order of the downlinks of the same recordings, by name, and warnings.

    Where names tell no recordings apart, the order stays. Raises ValueError, naming the files, if
    some recordings have one direction alone: clients would get directions of different recordings.
    """
    if len(downs) == 1 or len(ups) == 1:
        return [*ups], []
    by_down, by_up = ({_recording(one.name): one for one in own} for own in (downs, ups))
    if len(by_down) < len(downs) or len(by_up) < len(ups) or not by_down.keys() & by_up.keys():
        told = f"{len(downs)} downlinks and {len(ups)} uplinks are not of the same recordings"
        names = f"{downs[0].name} and {ups[0].name} go together, and so on in turn"
        return [*ups], [] if len(downs) == len(ups) else [f"fleet.network: {told}: {names}"]
    alone = [
        own[name].name
        for own in (by_down, by_up)
        for name in by_down.keys() ^ by_up.keys()
        if name in own
    ]
    if alone:
        raise ValueError(
            f"fleet.network: {', '.join(sorted(alone)[:3])}: has no file of the same name for the "
            "other direction, so that clients would get directions of different recordings; add "
            "it, or leave the recording out"
        )
    return [by_up[name] for name in by_down], []


def _recording(name: str) -> str:
    """What a file's name calls its recording: "car-1.down" and "up_car_1.log" are one."""
    words = re.findall(r"[^\W_]+", name.lower())
    return " ".join(word for word in words if word not in _OTHER_WORDS)


def _source(reading: Reading, way: Way) -> TraceSource | None:
    recording = reading.recording
    assert isinstance(recording, BandwidthRecording)
    trace = recording.down if way == "downlink" else recording.up
    if trace is None:
        return None
    return TraceSource(
        name=reading.name,
        format=recording.format,
        trace=trace,
        sha256=reading.sha256,
        licence=reading.licence,
        round_trip=recording.latency_s,
    )


def _nothing(reference: str, way: Way, found: Sequence[Reading]) -> str:
    """Why no recording has a direction, and what to do."""
    links = [one for one in found if isinstance(one.recording, BandwidthRecording)]
    if not links:
        format = found[0].recording.format
        hint = "; name it in fleet.capacities" if format == "fedscale-capacity" else ""
        return f"{reference} holds no bandwidth: it is a {format} file{hint}"
    name, format = links[0].name, links[0].recording.format
    other: Way = "uplink" if way == "downlink" else "downlink"
    text = f"no file of {reference} contains {way} rates: {name} holds the {other}"
    own = "up" if way == "uplink" else "down"
    if "direction" in names(READERS[format].read):
        return f"{text}; if it is the {way}, say format_options: {{direction: {own}}}"
    if format == "csv":
        return f"{text}; if it is the {way}, name its column with format_options: {{{own}: ...}}"
    return f"{text}; name another trace" + (", or a ratio" if way == "uplink" else "")


def swap_warnings(downs: Sequence[TraceSource], ups: Sequence[TraceSource]) -> list[str]:
    """Warnings about names that tell of the other direction. Raises ValueError if both do."""
    told: dict[Way, list[str]] = {
        "downlink": [one.name for one in downs if direction_of(one.name) == "up"],
        "uplink": [one.name for one in ups if direction_of(one.name) == "down"],
    }
    if all(told.values()):
        raise ValueError(
            f"fleet.network: downlink and uplink are swapped, by the names {told['downlink'][0]} "
            f"(downlink) and {told['uplink'][0]} (uplink); rename the files if they are not"
        )
    return [
        f"{key_of(way)}: by its name {of[0]} is the other direction"
        for way, of in told.items()
        if of
    ]


def _quantiles(trace: StepTrace) -> list[float]:
    """The 0, 5, ... 100 % quantiles of the rate over time, in Mbit/s."""
    rates = even_steps(trace).values * _MBIT_PER_S
    return [float(rate) for rate in np.quantile(rates, np.linspace(0.0, 1.0, 21))]
