"""The `fleet` part of a scenario: devices, network, availability, load and the server's link."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from learner.ranges import (
    require,
    require_above_0,
    require_above_0_or_null,
    require_at_least,
    require_share,
)

from .network import (
    Assign,
    Capacities,
    ConstantNetwork,
    FormatOptions,
    TraceFiles,
    TraceNetwork,
)

ByKind = Field(discriminator="kind")


WhenOffline = Literal["drop", "pause", "restart"]
"""What an absence does to a client's work. drop: the client is lost to its round. pause: the work
continues when the client returns. restart: the interrupted transfer or training starts again."""


AssignDevices = Literal["by-share", "by-id"]
"""Clients get device classes by the classes' shares; or client i the i-th one, which must exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """Every client is always available."""

    kind: Literal["always"] = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Available in the half-open windows [on, off), in seconds, repeated every `period_s`.

    The windows of client i start i x `stagger_s` seconds later.
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
    """Phones that charge at night: one random window per client and day (traces.availability).

    `centre_h`: mean hour of the day (0-24) of a window's middle. `mean_h`: mean length in hours.
    `spread_h`: standard deviation of both. `p_day` (0-1): probability that a day has a window.
    `days`: the pattern repeats after so many days. `zones_h`: time zones are uniform over so many
    hours. The default values are not fitted to a recording.
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
        require_share(p_day=self.p_day)
        require_at_least(1, days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAvailability:
    """Recorded availability of phones. `source`, `format`, `format_options`: see TraceFiles; the
    options include the rule by which a FLASH log counts as available.

    `assign`: see Assign. `offset: random`: each client starts at its own random position of
    its recording, so a few recordings serve many clients, all with the same pattern; a recording
    that does not repeat is always met at its beginning.
    """

    kind: Literal["recorded"]
    source: str
    format: str | None = None
    format_options: FormatOptions = field(default_factory=dict)
    assign: Assign = "round-robin"
    offset: Literal["random", "zero"] = "random"
    when_offline: WhenOffline = "drop"

    @property
    def files(self) -> TraceFiles:
        """The files and how they are read."""
        return TraceFiles(
            source=self.source, format=self.format, format_options=self.format_options
        )


Availability = Always | Windows | Diurnal | RecordedAvailability
"""When clients are available. A new kind is one line here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLoad:
    """Devices always compute at full speed."""

    kind: Literal["none"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnOffLoad:
    """Background load: devices alternate between full speed and `busy_speed` (0-1 of full speed).

    The durations are exponential with means `free_s` and `busy_s`. One trace of `period_s` seconds
    is drawn; each client starts at its own random position of it.
    """

    kind: Literal["on-off"]
    free_s: float
    busy_s: float
    busy_speed: float
    period_s: float = 3600.0

    def __post_init__(self) -> None:
        require_above_0(free_s=self.free_s, busy_s=self.busy_s, period_s=self.period_s)
        require_share(busy_speed=self.busy_speed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSide:
    """The server's link, and the seconds that the server takes.

    `down_mbit_per_s` (to the clients) and `up_mbit_per_s`: capacity in 10^6 bits/s, shared max-min
    fairly by all transfers in progress (null: unlimited). With a limit, the clients' rates are
    averaged over steps of `link_step_s`. `aggregation_s`: for each aggregation. `evaluation_s`: for
    each state that is scored for a decision or for the target.
    """

    down_mbit_per_s: float | None = None
    up_mbit_per_s: float | None = None
    link_step_s: float = 1.0
    aggregation_s: float = 0.0
    evaluation_s: float = 0.0

    def __post_init__(self) -> None:
        require_above_0_or_null(
            down_mbit_per_s=self.down_mbit_per_s, up_mbit_per_s=self.up_mbit_per_s
        )
        require_above_0(link_step_s=self.link_step_s)
        require_at_least(0, aggregation_s=self.aggregation_s, evaluation_s=self.evaluation_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Devices, network, availability, load and faults of the clients.

    `devices`: fraction of the clients with each device class; the fractions sum to 1.
    `assign`: see AssignDevices.
    `device_file`: a CSV of the user's own device classes, from one measured figure each to a full
    table (traces.device_csv, docs/cost-model.md).
    `capacities`: recorded phones, in place of `network` (null: none).
    `idle_w`: watts that a device class draws while it waits or is idle in a round (a class that is
    not named: those of its profile, 0 for the embedded ones).
    `jitter`: standard deviation of the logarithm of a factor, with mean 1, on each compute time.
    `p_dropout`: probability that a client drops out of a round, at a uniformly drawn point of its
    download, training and upload.
    `memory_share`: fraction (0-1) of a device's memory that training may use. Clients that lack the
    memory for a configuration do not train it (null: no limit).
    """

    devices: Mapping[str, float]
    assign: AssignDevices = "by-share"
    device_file: str | None = None
    network: Annotated[ConstantNetwork | TraceNetwork, ByKind] | None = None
    capacities: Capacities | None = None
    availability: Annotated[Availability, ByKind] = field(default_factory=Always)
    load: Annotated[NoLoad | OnOffLoad, ByKind] = field(default_factory=NoLoad)
    idle_w: Mapping[str, float] = field(default_factory=dict)
    jitter: float = 0.0
    p_dropout: float = 0.0
    memory_share: float | None = 1.0
    server: ServerSide = field(default_factory=ServerSide)

    def __post_init__(self) -> None:
        require(bool(self.devices), "devices must name at least one device class")
        for name, share in self.devices.items():
            require(share > 0, f"devices.{name} must be a share above 0, got {share}")
        require(
            self.network is not None or self.capacities is not None,
            "network is missing (or capacities, which give the bandwidth too)",
        )
        if self.capacities is not None:
            require(
                self.network is None,
                "network must be null with capacities: they give the bandwidth",
            )
            names = ", ".join(self.devices)
            require(
                len(self.devices) == 1,
                f"devices must be one class with capacities, which give the speeds, got {names}",
            )
        total = sum(self.devices.values())
        require(abs(total - 1) < 1e-3, f"devices must be shares that sum to 1, got {total:g}")
        for name, watts in self.idle_w.items():
            known = ", ".join(self.devices)
            require(name in self.devices, f"idle_w must name one of {known}, got {name}")
            require(0 <= watts < math.inf, f"idle_w.{name} must be at least 0 W, got {watts}")
        require(0 <= self.jitter <= 3, f"jitter must be between 0 and 3, got {self.jitter}")
        require_share(p_dropout=self.p_dropout)
        require(
            self.memory_share is None or 0 < self.memory_share <= 1,
            f"memory_share must be above 0 and at most 1, or null, got {self.memory_share}",
        )
