"""The clients' network in a scenario: constant rates, traces, or recorded capacities of phones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from learner.ranges import require, require_above_0, require_at_least
from sim.fleet.transport import Fluid, Tcp, Transport

FormatOptions = Mapping[str, str | float | bool]
"""Options of a trace format (docs/traces.md). Its reader checks and converts the values."""

Way = Literal["downlink", "uplink"]

Assign = Literal["round-robin", "random", "by-id"]
"""Client i gets recording i modulo their number; a random one; or recording i, which must exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """Times in which a client's link moves nothing, in both directions.

    Their lengths are exponential with mean `length_s`, and so are the gaps between them with mean
    `every_s` (sampled in steps of 0.5 s). One sequence is drawn for a run and laid over every
    trace, with which it repeats; for constant rates, an hour's. Only a client's offset shifts it.
    """

    every_s: float
    length_s: float

    def __post_init__(self) -> None:
        require_above_0(every_s=self.every_s, length_s=self.length_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantNetwork:
    """The same constant rates for all clients. A megabyte is 10^6 bytes; 0: a dead link.

    `rate_scale`: a factor on both rates. `outages`: see Outages (null: none); each client meets
    them from its own random position. `transport`, `latency_s`: see TraceNetwork; the default is
    fluid, since a rate that somebody states is one of payload.
    """

    kind: Literal["constant"]
    down_mbytes_per_s: float
    up_mbytes_per_s: float
    latency_s: float = 0.0
    rate_scale: float = 1.0
    outages: Outages | None = None
    transport: Annotated[Transport, Field(discriminator="kind")] = field(default_factory=Fluid)

    def __post_init__(self) -> None:
        require_at_least(
            0, down_mbytes_per_s=self.down_mbytes_per_s, up_mbytes_per_s=self.up_mbytes_per_s
        )
        require_at_least(0, latency_s=self.latency_s)
        require_above_0(rate_scale=self.rate_scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkRatio:
    """The uplink rate as a fraction of the downlink rate, for recordings of the downlink only."""

    ratio: float

    def __post_init__(self) -> None:
        require_above_0(ratio=self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFiles:
    """Files of recordings and how they are read.

    `source`: a preset ("lte.down"; for bandwidth alone), a file, a directory, a file name pattern,
    or a package to download and a pattern ("fetch:mahimahi/*.down"). `format`, `format_options`:
    for files that do not tell themselves, such as a table, or an uplink in a format without
    directions (`direction: up`); see docs/traces.md.
    """

    source: str
    format: str | None = None
    format_options: FormatOptions = field(default_factory=dict)


def _down(value: object) -> str:
    """The member of the downlink's union that a value, read or made, belongs to."""
    return "TraceFiles" if isinstance(value, TraceFiles | Mapping) else "str"


def _up(value: object) -> str:
    """As _down, of the uplink's union."""
    is_ratio = isinstance(value, UplinkRatio) or (isinstance(value, Mapping) and "ratio" in value)
    return "UplinkRatio" if is_ratio else _down(value)


_Text = Annotated[str, Tag("str")]
_Files = Annotated[TraceFiles, Tag("TraceFiles")]
_Ratio = Annotated[UplinkRatio, Tag("UplinkRatio")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNetwork:
    """Bandwidth traces. `downlink`, `uplink`: files (TraceFiles), or only their source.

    `period_s`: length of traces that are generated from a preset. `format`, `format_options`: of
    the directions that are only a source. `assign`: see Assign. `offset: random`: each client
    starts at its own random position of its trace; a trace that does not repeat is always met at
    its beginning. `rate_scale`: a factor on all rates. `outages`: see Outages (null: none beside
    those of the recordings). `transport`: see sim.fleet.transport. `latency_s`: with tcp the round-
    trip time, with fluid the time before the first byte of a transfer; in addition to a recorded
    round trip.
    """

    kind: Literal["trace"]
    downlink: Annotated[_Text | _Files, Discriminator(_down)]
    uplink: Annotated[_Text | _Files | _Ratio, Discriminator(_up)]
    assign: Assign = "round-robin"
    offset: Literal["random", "zero"] = "random"
    format: str | None = None
    format_options: FormatOptions = field(default_factory=dict)
    period_s: float = 600.0
    latency_s: float = 0.0
    rate_scale: float = 1.0
    outages: Outages | None = None
    transport: Annotated[Transport, Field(discriminator="kind")] = field(default_factory=Tcp)

    def __post_init__(self) -> None:
        require(0 < self.period_s <= 1e7, f"period_s must be in (0, 1e7], got {self.period_s:g}")
        require_at_least(0, latency_s=self.latency_s)
        require_above_0(rate_scale=self.rate_scale)
        is_used = isinstance(self.downlink, str) or isinstance(self.uplink, str)
        for name, value in (("format", self.format), ("format_options", self.format_options)):
            require(
                is_used or not value,
                f"{name} must not be set where downlink and uplink have their own, got {value}",
            )

    def files(self, way: Way) -> TraceFiles | UplinkRatio:
        """The files of a direction with the format and options that hold for them."""
        given = self.downlink if way == "downlink" else self.uplink
        if not isinstance(given, str):
            return given
        return TraceFiles(source=given, format=self.format, format_options=self.format_options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacities:
    """Speed and bandwidth of phones, in files of FedScale's `client_device_capacity`.

    `source`, `format`, `format_options`: see TraceFiles. `assign`: see Assign; a client has the
    speed and the bandwidth of one phone. In recorded availability of the same names (round-robin),
    it has that phone's too. The bandwidth is constant, and the same in both directions.

    `speed: relative`: the median phone of the files is as fast as the fleet's device class.
    `absolute`: full fine-tuning of one sample takes three times the phone's seconds of inference,
    as in FedScale; other configurations take their share of it by the cost model.
    """

    source: str
    format: str | None = None
    format_options: FormatOptions = field(default_factory=dict)
    assign: Assign = "round-robin"
    speed: Literal["relative", "absolute"] = "relative"
    latency_s: float = 0.0

    def __post_init__(self) -> None:
        require_at_least(0, latency_s=self.latency_s)

    @property
    def files(self) -> TraceFiles:
        """The files and how they are read."""
        return TraceFiles(
            source=self.source, format=self.format, format_options=self.format_options
        )
