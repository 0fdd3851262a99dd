"""What the clients' links are made of: presets, recordings by reference, and who gets which."""

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
class Source:
    """One trace that clients can be given; `sha256` is of its file, None if it was generated.
    `licence`: as in references; "" for a preset, which needs none (traces/data/SOURCES.md)."""

    name: str
    format: str
    trace: StepTrace
    sha256: str | None = None
    licence: str | None = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A link for each client, and what the manifest should say of their making."""

    links: list[Link]
    facts: dict[str, Any]


def connect(
    network: ConstantNetwork | TraceNetwork,
    streams: Streams,
    ids: Sequence[int],
    cache_dir: Path,
    server: ServerLink = UNSHARED,
) -> Network:
    """Links for the clients. Raises ValueError (TraceError for a bad file), naming the key."""
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
    # One draw serves both directions, so that the two files of a recording stay together.
    downs_of = assign(_key("downlink"), network.assign, streams, "trace", ids, len(downs))
    ups_of = assign(_key("uplink"), network.assign, streams, "trace", ids, len(ups))
    links = [
        Link(
            _one_way(downs[down].trace, network, float(share), server.down),
            _one_way(ups[up].trace, network, float(share), server.up),
        )
        for down, up, share in zip(downs_of, ups_of, offsets, strict=True)
    ]
    facts = {
        "downlinks": [_described(source) for source in downs],
        "uplinks": [_described(source) for source in ups],
        "downlink_of_client": downs_of,
        "uplink_of_client": ups_of,
        "downlink_offset_s": [link.down.offset_s for link in links],
        "uplink_offset_s": [link.up.offset_s for link in links],
    }
    return Network(links, facts)


def check_references(network: ConstantNetwork | TraceNetwork) -> None:
    """Refuse what names no trace, as far as can be told without reading or fetching one."""
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
) -> list[Source]:
    """The traces of a reference in order of their names: a preset, else files that hold the
    direction. One file that does not hold it is an error; among several it is passed over."""
    if reference in PRESETS:
        trace = bandwidth(reference, streams.generator(key), network.period_s)
        return [Source(name=reference, format="synthetic", trace=trace)]
    paths = find_files(_key(key), reference, cache_dir)
    found = list(_recordings(paths, key, network))
    if not found:
        raise ValueError(f"{_key(key)}: no file of {reference} holds a {key}")
    return [replace(source, licence=licence_of(reference)) for source in found]


def _recordings(
    paths: Sequence[Path], key: Literal["downlink", "uplink"], network: TraceNetwork
) -> Iterator[Source]:
    for path in paths:
        recording = load(path, network.format, **network.format_options)
        is_bandwidth = isinstance(recording, BandwidthRecording)
        trace = getattr(recording, "down" if key == "downlink" else "up") if is_bandwidth else None
        if trace is not None:
            digest = content_digest(path)
            yield Source(name=path.name, format=recording.format, trace=trace, sha256=digest)


def _key(direction: str) -> str:
    return f"fleet.network.{direction}"


def _one_way(
    trace: StepTrace, network: TraceNetwork, share: float, server: SharedLink | None
) -> OneWay:
    """`share` (0-1) of the trace's own period is where the client meets it."""
    return OneWay(trace, network.latency_s, share * trace.period_s, server)


def _scaled(source: Source, ratio: float) -> Source:
    name = f"{ratio:g} x {source.name}"
    return replace(source, name=name, trace=scale(source.trace, ratio))


def _described(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "format": source.format,
        "sha256": source.sha256,
        "licence": source.licence,
        "period_s": source.trace.period_s,
        "mean_mbit_per_s": source.trace.mean * _MBIT_PER_S,
        "quantiles_mbit_per_s": _quantiles(source.trace),
    }


def _quantiles(trace: StepTrace) -> list[float]:
    """Rates in Mbit/s that 0, 5 ... 100 % of the trace's seconds do not exceed."""
    rates = even_steps(trace).values * _MBIT_PER_S
    return [float(rate) for rate in np.quantile(rates, np.linspace(0.0, 1.0, 21))]
