"""Measured devices: seconds per batch by tuned depth, memory and power, each with its source."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from .published import BERT_BASE, DISTILBERT, LatencyTable, Row

Model = Literal["bert-base", "distilbert"]
_TABLES: Mapping[Model, LatencyTable] = {"bert-base": BERT_BASE, "distilbert": DISTILBERT}

PAPER = "Cai et al., MobiCom'23, doi 10.1145/3570361.3592505, and its artifact at 8e27f2e"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """One kind of device.

    factor: its seconds a batch over those of `table`. basis: whether its seconds are the published
    ones, measured for the job in question, or `factor` times those that the analytic cost model
    gives for a TX2 (scaled).
    compute_w, radio_w: watts drawn while computing and while communicating. idle_w: while waiting
    or idle in a round (0: not charged).
    memory_bytes: all that it has (None: not known, and no limit).
    sources: where the figures come from, one line each.
    """

    name: str
    factor: float
    compute_w: float
    radio_w: float
    idle_w: float = 0.0
    memory_bytes: int | None = None
    table: LatencyTable = BERT_BASE
    basis: Literal["published", "measured", "scaled"] = "published"
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("factor", "compute_w", "radio_w", "idle_w"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ValueError(f"{self.name}.{name} must be finite and at least 0, got {value}")
        if self.factor == 0.0:
            raise ValueError(f"{self.name}.factor must be positive")


_BOARDS = {
    profile.name: profile
    for profile in (
        DeviceProfile(
            name="jetson-tx2",
            factor=1.0,
            compute_w=12.0,
            radio_w=4.0,
            memory_bytes=8_000_000_000,
            sources=(
                f"latency and power: {PAPER}",
                "memory (8 GB): NVIDIA Jetson TX2 System-on-Module data sheet, version 1.1, 2017",
            ),
        ),
        DeviceProfile(
            name="jetson-nano",
            factor=2.0,
            compute_w=10.0,
            radio_w=4.0,
            memory_bytes=4_000_000_000,
            sources=(
                f"latency (2 x TX2): {PAPER}",
                "memory (4 GB): NVIDIA Jetson Nano System-on-Module data sheet, DA-09366-001",
                "compute power: budget of the default mode, NVIDIA Jetson Linux developer guide",
                f"radio power: no vendor figure, the paper's TX2 set-up: {PAPER}",
            ),
        ),
        DeviceProfile(
            name="raspberry-pi-4b",
            factor=20.0,
            compute_w=6.12,
            radio_w=4.0,
            memory_bytes=4_000_000_000,
            sources=(
                f"latency (20 x TX2): {PAPER}",
                "memory: 4 GB assumed; sold with 1, 2, 4 or 8 GB, Raspberry Pi documentation",
                "compute power: 1.2 A under stress x 5.1 V, Raspberry Pi documentation",
                "idle power (not charged unless set): 0.6 A x 5.1 V = 3.06 W, the same table",
                f"radio power: no vendor figure, the paper's TX2 set-up: {PAPER}",
            ),
        ),
    )
}


def device_names() -> tuple[str, ...]:
    """The embedded devices."""
    return tuple(_BOARDS)


def device_profile(name: str, model: Model = "bert-base") -> DeviceProfile:
    """An embedded device's measurements on a model. Raises ValueError for an unknown name."""
    if name not in _BOARDS:
        near = get_close_matches(name, _BOARDS, n=3, cutoff=0.3) or list(_BOARDS)
        raise ValueError(f"unknown device {name!r}; nearest: {', '.join(near)}")
    if model not in _TABLES:
        raise ValueError(f"no latency table of model {model!r}; known: {', '.join(_TABLES)}")
    board, table = _BOARDS[name], _TABLES[model]
    return replace(board, factor=board.factor / table.factor, table=table)


def seconds_per_batch(profile: DeviceProfile, row: Row, depth: float) -> float:
    """Seconds a batch at the table's batch size and tokens, linear between its depths."""
    return _at(profile.table.seconds, row, depth) * profile.factor


def peak_memory_bytes(profile: DeviceProfile, row: Row, depth: float) -> float:
    """Peak memory of training, in bytes, linear between the table's depths."""
    return _at(profile.table.memory_gb, row, depth) * 1e9


def _at(rows: Mapping[Row, tuple[float, ...]], row: Row, depth: float) -> float:
    if row not in rows:
        raise ValueError(f"no row {row!r} in the table; it has {', '.join(rows) or 'none'}")
    values = rows[row]
    if not 0.0 <= depth <= len(values) - 1:
        raise ValueError(f"depth must be in 0..{len(values) - 1}, got {depth}")
    below = math.floor(depth)
    value = values[below]
    if below < depth:
        value += (values[below + 1] - values[below]) * (depth - below)
    if math.isnan(value):
        raise ValueError(f"row {row!r} was not measured at depth {depth:g}")
    return value
