"""What a scenario says of the world: devices, network, availability, the server's own link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from .validation import require, require_above_0, require_at_least

ByKind = Field(discriminator="kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantNetwork:
    """The same rates for everybody, for ever. Megabytes are 10^6 bytes; 0 is a dead link."""

    kind: Literal["constant"]
    down_mbytes_per_s: float
    up_mbytes_per_s: float
    latency_s: float = 0.0

    def __post_init__(self) -> None:
        require_at_least(
            0, down_mbytes_per_s=self.down_mbytes_per_s, up_mbytes_per_s=self.up_mbytes_per_s
        )
        require_at_least(0, latency_s=self.latency_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkRatio:
    """The uplink as a share of the downlink, for recordings of one direction."""

    ratio: float

    def __post_init__(self) -> None:
        require_above_0(ratio=self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceNetwork:
    """Bandwidth traces by reference: a preset ("lte.down"), a file, directory or pattern, or
    "fetch:mahimahi/*.down". `period_s` is that of synthetic traces.

    `format` and `format_options` (docs/traces.md) are for files whose content does not tell.
    `assign` gives client i the trace i modulo their number, a keyed random one, or the i-th of at
    least as many as clients. `offset: random` starts each client somewhere else in its trace.
    """

    kind: Literal["trace"]
    downlink: str
    uplink: str | UplinkRatio
    assign: Literal["round-robin", "random", "by-id"] = "round-robin"
    offset: Literal["random", "zero"] = "random"
    format: str | None = None
    format_options: Mapping[str, str | float] = field(default_factory=dict)
    period_s: float = 600.0
    latency_s: float = 0.0

    def __post_init__(self) -> None:
        require(0 < self.period_s <= 1e7, f"period_s must be in (0, 1e7], got {self.period_s:g}")
        require_at_least(0, latency_s=self.latency_s)


WhenOffline = Literal["drop", "pause", "restart"]
"""Work that availability breaks off: lost with its round, kept until the client is back, or the
broken transfer or training done anew from its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """Every client is available for ever."""

    kind: Literal["always"] = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Available in the half-open windows [on, off) in seconds, repeated every `period_s`.

    Client i meets them i x `stagger_s` seconds later.
    """

    kind: Literal["windows"]
    windows_s: tuple[tuple[float, float], ...]
    period_s: float
    stagger_s: float = 0.0
    when_offline: WhenOffline = "drop"

    def __post_init__(self) -> None:
        require_above_0(period_s=self.period_s)
        require_at_least(0, stagger_s=self.stagger_s)
        edges_s = [edge_s for window_s in self.windows_s for edge_s in window_s]
        in_order = all(a < b for a, b in pairwise((*edges_s, self.period_s * (1 + 1e-12))))
        require(
            in_order and (not edges_s or edges_s[0] >= 0),
            f"windows_s must be [on, off] pairs that increase within 0..period_s, got {edges_s}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Diurnal:
    """Phones that charge at night: one window a day, keyed by client (traces.availability).

    Hours of the day and of a window's length; `p_day` (0-1) is the probability that a day has
    one; the pattern repeats after `days`. `zones_h`: the clients' time zones spread uniformly over
    so many hours. An illustration, not fitted to a recording.
    """

    kind: Literal["diurnal"]
    centre_h: float = 2.0
    mean_h: float = 7.0
    spread_h: float = 1.5
    p_day: float = 0.9
    days: int = 7
    zones_h: float = 0.0
    when_offline: WhenOffline = "drop"

    def __post_init__(self) -> None:
        require(0 <= self.centre_h < 24, f"centre_h must be in [0, 24), got {self.centre_h}")
        require(0 < self.mean_h <= 24, f"mean_h must be in (0, 24], got {self.mean_h}")
        require_at_least(0, spread_h=self.spread_h, zones_h=self.zones_h)
        require(0 <= self.p_day <= 1, f"p_day must be between 0 and 1, got {self.p_day}")
        require_at_least(1, days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAvailability:
    """Recorded phones by reference: a file, directory, pattern or "fetch:niimpy/*Battery*".

    `format` and `format_options` (docs/traces.md) hold, for example, the rule under which a FLASH
    log counts as available. `offset: random` starts each client elsewhere in its recording: few
    recordings then make a population of copies, alike in shape.
    """

    kind: Literal["recorded"]
    source: str
    format: str | None = None
    format_options: Mapping[str, str | float | bool] = field(default_factory=dict)
    assign: Literal["round-robin", "random", "by-id"] = "round-robin"
    offset: Literal["random", "zero"] = "random"
    when_offline: WhenOffline = "drop"


Availability = Always | Windows | Diurnal | RecordedAvailability
"""When clients are available. A new kind is one line here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLoad:
    """Devices compute at their full speed for ever."""

    kind: Literal["none"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnOffLoad:
    """Background load: full speed for exponential times of mean `free_s`, `busy_speed` (a share of
    full speed) for exponential times of mean `busy_s`. Each client starts somewhere else in one
    trace of `period_s`."""

    kind: Literal["on-off"]
    free_s: float
    busy_s: float
    busy_speed: float
    period_s: float = 3600.0

    def __post_init__(self) -> None:
        require_above_0(free_s=self.free_s, busy_s=self.busy_s, period_s=self.period_s)
        require(
            0 <= self.busy_speed <= 1, f"busy_speed must be between 0 and 1, got {self.busy_speed}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSide:
    """The server's own link and time.

    `down_mbit_per_s` (to the clients) and `up_mbit_per_s` are shared max-min fairly by all
    transfers in flight (null: never a bottleneck); megabits are 10^6 bits. The clients' rates are
    then means over steps of `link_step_s`, so that bytes are conserved. `aggregation_s` is spent
    after every round, `evaluation_s` for every state scored for a decision or a target.
    """

    down_mbit_per_s: float | None = None
    up_mbit_per_s: float | None = None
    link_step_s: float = 1.0
    aggregation_s: float = 0.0
    evaluation_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("down_mbit_per_s", "up_mbit_per_s"):
            value = getattr(self, name)
            require(value is None or value > 0, f"{name} must be above 0 or null, got {value}")
        require_above_0(link_step_s=self.link_step_s)
        require_at_least(0, aggregation_s=self.aggregation_s, evaluation_s=self.evaluation_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Shares of device classes (they sum to 1), their network, and what goes wrong with them.

    `device_file`: a CSV of devices of one's own (traces.device_csv), named in `devices`; their
    table must be of the scenario's model (`cost.scale: none`).
    `jitter`: standard deviation of the logarithm of a round's compute time (its mean factor is 1).
    `p_dropout`: probability that a client vanishes for good in a round, at a uniformly drawn point
    of its download, training and upload.
    `memory_share`: fraction of a device's memory that training may take; a client whose device
    has less is refused the configuration (null: memory is no limit).
    """

    devices: Mapping[str, float]
    device_file: str | None = None
    network: Annotated[ConstantNetwork | TraceNetwork, ByKind]
    availability: Annotated[Availability, ByKind] = field(default_factory=Always)
    load: Annotated[NoLoad | OnOffLoad, ByKind] = field(default_factory=NoLoad)
    jitter: float = 0.0
    p_dropout: float = 0.0
    memory_share: float | None = 1.0
    server: ServerSide = field(default_factory=ServerSide)

    def __post_init__(self) -> None:
        require(bool(self.devices), "devices must name at least one device class")
        for name, share in self.devices.items():
            require(share > 0, f"devices.{name} must be a share above 0, got {share}")
        total = sum(self.devices.values())
        require(abs(total - 1) < 1e-3, f"devices must be shares that sum to 1, got {total:g}")
        require(0 <= self.jitter <= 3, f"jitter must be between 0 and 3, got {self.jitter}")
        require(
            0 <= self.p_dropout <= 1, f"p_dropout must be between 0 and 1, got {self.p_dropout}"
        )
        require(
            self.memory_share is None or 0 < self.memory_share <= 1,
            f"memory_share must be above 0 and at most 1, or null, got {self.memory_share}",
        )
