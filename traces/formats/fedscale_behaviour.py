"""FedScale's `client_behave_trace`: `{id: {active, inactive, finish_time, ...}}`, in seconds.

A device is available from active[i] to inactive[i] and repeats after finish_time.
"""

from __future__ import annotations

from traces.availability import Availability, from_windows
from traces.recording import AvailabilityRecording

from .population import devices
from .source import Source

_NEEDED = ("active", "inactive", "finish_time")


def sniff(source: Source) -> bool:
    """Whether the first client has active, inactive and finish_time."""
    first = source.first_value
    return isinstance(first, dict) and "finish_time" in first


def read(source: Source) -> AvailabilityRecording:
    """Every client, by its id."""
    raw = source.by_name("client")
    found, left_out = devices(raw, lambda name, of: _device(source, name[:40], of))
    return AvailabilityRecording(format="fedscale-behaviour", devices=found, warnings=left_out)


def _device(source: Source, name: str, client: object) -> Availability:
    if not isinstance(client, dict) or not all(key in client for key in _NEEDED):
        raise source.error(f"client {name} needs {', '.join(_NEEDED)}")
    period_s = source.number(client["finish_time"], f"{name}.finish_time", low=1.0, high=1e12)
    on_s, off_s = (_instants(source, name, client, key, period_s) for key in ("active", "inactive"))
    if len(on_s) != len(off_s):
        raise source.error(f"client {name}: {len(on_s)} active for {len(off_s)} inactive")
    for before, after in zip(off_s, on_s[1:], strict=False):
        if after < before:
            raise source.error(f"client {name}: active again at {after:g} s, before {before:g} s")
    with source.naming(f"client {name}:"):
        return from_windows(zip(on_s, off_s, strict=True), period_s)


def _instants(
    source: Source, name: str, client: dict[object, object], key: str, period_s: float
) -> list[float]:
    values = client[key]
    if not isinstance(values, list):
        raise source.error(f"{name}.{key} must be a list")
    return [source.number(value, f"{name}.{key}", high=period_s) for value in values]
