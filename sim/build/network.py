"""Builds each client's link from `fleet.network`: constant rates, presets or recorded traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sim.fleet.link import UNSHARED, Link, OneWay, ServerLink
from sim.fleet.shared_link import SharedLink
from sim.scenario.fleet import ConstantNetwork, TraceNetwork, UplinkRatio
from sim.streams import Streams
from traces.describe import even_steps
from traces.load import load
from traces.recording import BandwidthRecording
from traces.reshape import scale
from traces.step import StepTrace, constant
from traces.synthetic import PRESETS, bandwidth

from .sources import assign, check_reference, content_digest, find_files, licence_of

_BYTES_PER_MBYTE = 1e6
_MBIT_PER_S = 8e-6


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


@dataclass(frozen=True, slots=True)
class Network:
    """The link of every client, by id, and facts about the traces for the manifest."""

    links: list[Link]
    facts: dict[str, Any]


def build_links(
    network: ConstantNetwork | TraceNetwork,
    streams: Streams,
    ids: Sequence[int],
    cache_dir: Path,
    server: ServerLink = UNSHARED,
) -> Network:
    """The links of the clients `ids`. server: the server's own link, if it has limits.

    Raises ValueError, naming the key; TraceError, naming the file and line, for a bad file.
    """
    if isinstance(network, ConstantNetwork):
        down = constant(network.down_mbytes_per_s * _BYTES_PER_MBYTE)
        up = constant(network.up_mbytes_per_s * _BYTES_PER_MBYTE)
        latency_s = network.latency_s
        link = Link(
            OneWay(down, latency_s, server=server.down), OneWay(up, latency_s, server=server.up)
        )
        return Network([link] * len(ids), {})
    downs = find_sources("downlink", network.downlink, network, streams, cache_dir)
    if isinstance(network.uplink, UplinkRatio):
        ups = [_scaled(source, network.uplink.ratio) for source in downs]
    else:
        ups = find_sources("uplink", network.uplink, network, streams, cache_dir)
    offsets = streams.uniform("offset", ids=ids) if network.offset == "random" else [0.0] * len(ids)
    # Both directions use the same draw, so that the two files of a recording stay together.
    downs_of = assign(_key("downlink"), network.assign, streams, "trace", ids, len(downs))
    ups_of = assign(_key("uplink"), network.assign, streams, "trace", ids, len(ups))
    links = [
        Link(
            _one_way(downs[down], network, float(share), server.down),
            _one_way(ups[up], network, float(share), server.up),
        )
        for down, up, share in zip(downs_of, ups_of, offsets, strict=True)
    ]
    return Network(links, _link_facts(links, downs, ups, downs_of, ups_of))


def _link_facts(
    links: Sequence[Link],
    downs: Sequence[TraceSource],
    ups: Sequence[TraceSource],
    downs_of: Sequence[int],
    ups_of: Sequence[int],
) -> dict[str, Any]:
    return {
        "downlinks": [_source_facts(source) for source in downs],
        "uplinks": [_source_facts(source) for source in ups],
        "downlink_of_client": downs_of,
        "uplink_of_client": ups_of,
        "downlink_offset_s": [link.down.offset_s for link in links],
        "uplink_offset_s": [link.up.offset_s for link in links],
    }


def check_references(network: ConstantNetwork | TraceNetwork) -> None:
    """Raise ValueError if a reference names no trace. Reads and downloads nothing."""
    if isinstance(network, TraceNetwork):
        check_reference(_key("downlink"), network.downlink, sorted(PRESETS))
        if isinstance(network.uplink, str):
            check_reference(_key("uplink"), network.uplink, sorted(PRESETS))


def find_sources(
    key: Literal["downlink", "uplink"],
    reference: str,
    network: TraceNetwork,
    streams: Streams,
    cache_dir: Path,
) -> list[TraceSource]:
    """The traces of a reference, ordered by name: a preset, or files that contain the direction.

    Files without it are left out. Raises ValueError if no file contains it.
    """
    if reference in PRESETS:
        trace = bandwidth(reference, streams.generator(key), network.period_s)
        return [TraceSource(name=reference, format="synthetic", trace=trace)]
    paths = find_files(_key(key), reference, cache_dir)
    found = list(_recordings(paths, key, network))
    if not found:
        raise ValueError(f"{_key(key)}: no file of {reference} contains {key} rates")
    return [replace(source, licence=licence_of(reference)) for source in found]


def _recordings(
    paths: Sequence[Path], key: Literal["downlink", "uplink"], network: TraceNetwork
) -> Iterator[TraceSource]:
    for path in paths:
        recording = load(path, network.format, **network.format_options)
        if not isinstance(recording, BandwidthRecording):
            continue
        trace = recording.down if key == "downlink" else recording.up
        if trace is not None:
            digest = content_digest(path)
            yield TraceSource(
                name=path.name,
                format=recording.format,
                trace=trace,
                sha256=digest,
                round_trip=recording.latency_s,
            )


def _key(direction: str) -> str:
    return f"fleet.network.{direction}"


def _one_way(
    source: TraceSource, network: TraceNetwork, share: float, server: SharedLink | None
) -> OneWay:
    """A direction in which the client starts at `share` (0-1) of the source's period."""
    trace, round_trip = source.trace, source.round_trip
    return OneWay(
        trace,
        network.latency_s,
        share * trace.period_s,
        server,
        round_trip,
        share * round_trip.period_s if round_trip is not None else 0.0,
    )


def _scaled(source: TraceSource, ratio: float) -> TraceSource:
    name = f"{ratio:g} x {source.name}"
    return replace(source, name=name, trace=scale(source.trace, ratio))


def _source_facts(source: TraceSource) -> dict[str, Any]:
    return {
        "name": source.name,
        "format": source.format,
        "sha256": source.sha256,
        "licence": source.licence,
        "period_s": source.trace.period_s,
        "mean_mbit_per_s": source.trace.mean * _MBIT_PER_S,
        "quantiles_mbit_per_s": _quantiles(source.trace),
        "mean_round_trip_s": None if source.round_trip is None else source.round_trip.mean,
    }


def _quantiles(trace: StepTrace) -> list[float]:
    """The 0, 5, ... 100 % quantiles of the rate over time, in Mbit/s."""
    rates = even_steps(trace).values * _MBIT_PER_S
    return [float(rate) for rate in np.quantile(rates, np.linspace(0.0, 1.0, 21))]
