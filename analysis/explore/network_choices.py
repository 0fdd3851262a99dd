"""The controls of the clients' links and of the server's link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .choice import Choice, scale

GROUP = "Network"

_UP_RATIO = {"ratio": 0.25}
_TRACES: Mapping[str, tuple[Any, Any]] = {
    "LTE": ("lte.down", "lte.up"),
    "Starlink": ("starlink.down", "starlink.up"),
    "3G, uplink a quarter": ("3g.down", _UP_RATIO),
    "5G, uplink a quarter": ("5g.down", _UP_RATIO),
    "Wi-Fi, uplink a quarter": ("wifi.down", _UP_RATIO),
}
"""Downlink and uplink. Nothing public records the uplinks of 3G, 5G and Wi-Fi."""

_CONSTANT_MBYTES_PER_S = (0.1, 1.0, 10.0)
_KEPT = ("latency_s", "rate_scale", "outages", "transport")
"""Keys of a network that another trace leaves as they are."""

_OUTAGES = {
    "5 s every minute": {"every_s": 60.0, "length_s": 5.0},
    "10 s every 2 min": {"every_s": 120.0, "length_s": 10.0},
    "30 s every 5 min": {"every_s": 300.0, "length_s": 30.0},
    "1 min every 10 min": {"every_s": 600.0, "length_s": 60.0},
}


_FLUID = {"kind": "fluid"}
_TCP = {
    "kind": "tcp",
    "header_bytes": 66,
    "segment_bytes": 1448,
    "initial_segments": 10,
    "connection": "kept",
    "tls_round_trips": 0,
    "download": "push",
}
_TRANSPORTS: Mapping[str, Mapping[str, Any]] = {
    "fluid: the traced rate": _FLUID,
    "TCP": _TCP,
    "TCP, TLS, one connection each": {**_TCP, "connection": "each", "tls_round_trips": 1},
}


def network_choices(fleet: Mapping[str, Any]) -> Iterator[Choice]:
    """The controls that a fleet supports; recorded capacities of phones have no trace to change."""
    network = fleet.get("network")
    if network:
        yield _traces(network)
        yield scale(
            id="rate",
            label="Bandwidth, times",
            group=GROUP,
            paths=["fleet.network.rate_scale"],
            values=(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
            base=network.get("rate_scale", 1.0),
            unit="×",
        )
        yield _outages(network.get("outages"))
        yield _transports(network["transport"])
    key = "network" if network else "capacities"
    yield scale(
        id="latency",
        label="Latency of a transfer",
        group=GROUP,
        paths=[f"fleet.{key}.latency_s"],
        values=(0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
        base=(fleet.get(key) or {}).get("latency_s", 0.0),
        unit="s",
    )
    server = fleet.get("server") or {}
    rates = [server.get(f"{way}_mbit_per_s") for way in ("down", "up")]
    if rates[0] == rates[1]:
        yield scale(
            id="server",
            label="Server link, each way",
            group=GROUP,
            paths=["fleet.server.down_mbit_per_s", "fleet.server.up_mbit_per_s"],
            values=(5, 10, 20, 50, 100, 200, 500, None),
            base=rates[0],
            unit="Mbit/s",
        )


def _traces(network: Mapping[str, Any]) -> Choice:
    kept = {key: network[key] for key in _KEPT if network.get(key) is not None}
    named = {"as run": dict(network)}
    for name, (down, up) in _TRACES.items():
        if (network.get("downlink"), network.get("uplink")) != (down, up):
            named[name] = {"kind": "trace", "downlink": down, "uplink": up, **kept}
    for rate in _CONSTANT_MBYTES_PER_S:
        rates = {"down_mbytes_per_s": rate, "up_mbytes_per_s": rate}
        if any(network.get(key) != value for key, value in rates.items()):
            named[f"constant {rate:g} MB/s"] = {"kind": "constant", **rates, **kept}
    return _named("trace", "Bandwidth trace", "fleet.network", named, named["as run"])


def _outages(base: Any) -> Choice:
    named: dict[str, Any] = {"none": None, **_OUTAGES}
    if base not in named.values():
        named["as run"] = base
    return _named("outages", "Outages", "fleet.network.outages", named, base)


def _transports(base: Mapping[str, Any]) -> Choice:
    named = dict(_TRANSPORTS)
    if base not in named.values():
        named["as run"] = base
    return _named("transport", "Transport", "fleet.network.transport", named, base)


def _named(id: str, label: str, path: str, named: Mapping[str, Any], base: Any) -> Choice:
    values = tuple(named.values())
    return Choice(
        id=id,
        label=label,
        group=GROUP,
        paths=(path,),
        values=values,
        options=tuple(named),
        base=values.index(base),
    )
