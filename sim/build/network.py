"""Builds each client's link from `fleet.network`: constant rates, presets or recorded traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.fleet.acknowledged_way import working
from sim.fleet.link import UNSHARED, Link, OneWay, ServerLink
from sim.fleet.shared_link import SharedLink
from sim.fleet.transport import Fluid
from sim.scenario.network import (
    ConstantNetwork,
    Outages,
    TraceNetwork,
    UplinkRatio,
    Way,
)
from sim.streams import Streams
from traces.availability import Availability
from traces.reshape import product, scale
from traces.step import StepTrace, constant
from traces.synthetic import gilbert_elliott

from .network_traces import TraceSource, find_sources, key_of, paired, swap_warnings
from .sources import assign

_BYTES_PER_MBYTE = 1e6
_OUTAGES_S = 3600.0
"""Period of the outages of constant rates."""


@dataclass(frozen=True, slots=True)
class Network:
    """The link of every client, by id, facts about the traces for the manifest, and warnings."""

    links: list[Link]
    facts: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


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
        links = _constant_links(network, streams, ids, server)
        return Network(links, {}, _no_round_trips(network))
    downs, warnings = find_sources("downlink", network, streams, cache_dir)
    if isinstance(network.uplink, UplinkRatio):
        ups = [source.scaled(network.uplink.ratio) for source in downs]
    else:
        ups, told = find_sources("uplink", network, streams, cache_dir)
        is_same = network.files("uplink") == network.files("downlink")
        if not is_same:
            ups, unpaired = paired(downs, ups)
            warnings += told + unpaired
        warnings += swap_warnings(downs, ups)
    downs, ups = ([_changed(one, network, streams) for one in sources] for sources in (downs, ups))
    warnings += _fixed_starts(network, (*downs, *ups)) + _no_round_trips(network, (*downs, *ups))
    offsets = streams.uniform("offset", ids=ids) if network.offset == "random" else [0.0] * len(ids)
    # Both directions use the same draw, so that the two files of a recording stay together.
    downs_of = assign(key_of("downlink"), network.assign, streams, "trace", ids, len(downs))
    ups_of = assign(key_of("uplink"), network.assign, streams, "trace", ids, len(ups))
    payload_downs, payload_ups = _payload(downs, network), _payload(ups, network)
    working_downs, working_ups = ([working(one.trace) for one in own] for own in (downs, ups))
    links = [
        _acknowledging(
            _one_way(payload_downs[down], network, "downlink", float(share), server.down),
            _one_way(payload_ups[up], network, "uplink", float(share), server.up),
            working_downs[down],
            working_ups[up],
        )
        for down, up, share in zip(downs_of, ups_of, offsets, strict=True)
    ]
    return Network(links, _link_facts(links, downs, ups, downs_of, ups_of), warnings)


def _acknowledging(
    down: OneWay, up: OneWay, down_works: Availability | None, up_works: Availability | None
) -> Link:
    """A link. Under TCP, a direction stands still while the other one does not work."""
    if down.slow_start is None:
        return Link(down, up)
    return Link(
        down if up_works is None else replace(down, acknowledged=up_works.shift(up.offset_s)),
        up if down_works is None else replace(up, acknowledged=down_works.shift(down.offset_s)),
    )


def _constant_links(
    network: ConstantNetwork, streams: Streams, ids: Sequence[int], server: ServerLink
) -> list[Link]:
    """Links of constant rates; with outages, each from its own random position of their trace."""
    scale_bytes = network.rate_scale * _BYTES_PER_MBYTE * network.transport.payload_share
    rates = [network.down_mbytes_per_s * scale_bytes, network.up_mbytes_per_s * scale_bytes]
    latency_s = network.latency_s
    slow_starts = [network.transport.slow_start(is_download=down) for down in (True, False)]

    def link(down: StepTrace, up: StepTrace, offset_s: float) -> Link:
        return Link(
            OneWay(down, latency_s, offset_s, server.down, slow_start=slow_starts[0]),
            OneWay(up, latency_s, offset_s, server.up, slow_start=slow_starts[1]),
        )

    if network.outages is None:
        return [link(constant(rates[0]), constant(rates[1]), 0.0)] * len(ids)
    on = _on_trace(network.outages, _OUTAGES_S, streams)
    down, up = (scale(on, rate) for rate in rates)
    offsets_s = streams.uniform("offset", ids=ids) * _OUTAGES_S
    return [link(down, up, offset_s) for offset_s in offsets_s.tolist()]


def _changed(source: TraceSource, network: TraceNetwork, streams: Streams) -> TraceSource:
    """A source with the network's factor on its rates, and with its outages."""
    if network.rate_scale != 1.0:
        source = source.scaled(network.rate_scale)
    if network.outages is None:
        return source
    on = _on_trace(network.outages, source.trace.period_s, streams)
    trace = product(source.trace, on)
    if source.trace.total and not trace.total:
        raise ValueError(
            f"fleet.network.outages: leave nothing of {source.name}, which lasts "
            f"{source.trace.period_s:g} s; make them shorter or rarer"
        )
    return replace(source, name=f"{source.name} with outages", trace=trace)


def _on_trace(outages: Outages, period_s: float, streams: Streams) -> StepTrace:
    """1 where the link works, 0 in an outage. The same for both directions of a recording."""
    model = gilbert_elliott(1.0, 0.0, outages.every_s, outages.length_s)
    return model.sample(streams.generator("outages"), period_s)


def _link_facts(
    links: Sequence[Link],
    downs: Sequence[TraceSource],
    ups: Sequence[TraceSource],
    downs_of: Sequence[int],
    ups_of: Sequence[int],
) -> dict[str, Any]:
    return {
        "downlinks": [source.facts() for source in downs],
        "uplinks": [source.facts() for source in ups],
        "downlink_of_client": downs_of,
        "uplink_of_client": ups_of,
        "downlink_offset_s": [link.down.offset_s for link in links],
        "uplink_offset_s": [link.up.offset_s for link in links],
    }


def _fixed_starts(network: TraceNetwork, sources: Sequence[TraceSource]) -> list[str]:
    """A warning about the traces that every client meets at their beginning."""
    fixed = sorted({one.name for one in sources if one.trace.end_rule != "loop"})
    if network.offset == "zero" or not fixed:
        return []
    return [f"fleet.network.offset: {fixed[0]} does not repeat, so clients meet it from its start"]


def _no_round_trips(
    network: ConstantNetwork | TraceNetwork, sources: Sequence[TraceSource] = ()
) -> list[str]:
    """A warning about TCP without a round-trip time, whose transfers wait for nothing."""
    is_recorded = bool(sources) and all(one.round_trip is not None for one in sources)
    if isinstance(network.transport, Fluid) or network.latency_s or is_recorded:
        return []
    return ["fleet.network.latency_s: is 0, so TCP has no slow start; set the round-trip time in s"]


def _payload(sources: Sequence[TraceSource], network: TraceNetwork) -> list[TraceSource]:
    """The sources at the rates of their payload, without the headers of the transport."""
    share = network.transport.payload_share
    if share == 1.0:
        return list(sources)
    return [replace(source, trace=scale(source.trace, share)) for source in sources]


def _one_way(
    source: TraceSource, network: TraceNetwork, way: Way, share: float, server: SharedLink | None
) -> OneWay:
    """A direction in which the client starts at `share` (0-1) of the source's period."""
    trace, round_trip = source.trace, source.round_trip
    return OneWay(
        trace,
        network.latency_s,
        _offset_s(trace, share),
        server,
        round_trip,
        _offset_s(round_trip, share) if round_trip is not None else 0.0,
        network.transport.slow_start(is_download=way == "downlink"),
    )


def _offset_s(trace: StepTrace, share: float) -> float:
    return share * trace.period_s if trace.end_rule == "loop" else 0.0
