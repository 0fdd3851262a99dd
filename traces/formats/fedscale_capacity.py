"""FedScale's `client_device_capacity`: ms of inference a sample, and kbit/s, by client.

JSON or pickle `{id: {"computation", "communication"}}`, or a CSV of the same. Training a sample
takes three times its inference (FedScale's own rule); the bandwidth is one symmetric number.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from traces.recording import CapacityRecording, DeviceCapacity

from .source import Source

TRAINING_PER_INFERENCE = 3.0
_COLUMNS = ("client_id", "computation_ms_per_sample", "communication_kbps")


def sniff(source: Source) -> bool:
    """Whether clients have a computation, or the header has its CSV name."""
    if set(_COLUMNS) <= set(source.header):
        return True
    content = source.mapping
    return content is not None and all(
        isinstance(client, dict) and "computation" in client
        for client in islice(content.values(), 3)
    )


def read(source: Source) -> CapacityRecording:
    """Every client, in file order."""
    rows = list(_rows(source))
    devices = tuple(
        DeviceCapacity(
            name=name,
            train_s_per_sample=TRAINING_PER_INFERENCE
            * source.number(compute_ms, f"{name[:40]} computation", line)
            / 1000.0,
            bytes_per_s=source.number(kbps, f"{name[:40]} communication", line) * 1000.0 / 8.0,
        )
        for line, name, compute_ms, kbps in rows
    )
    return CapacityRecording(
        format="fedscale-capacity",
        devices=devices,
        warnings=("one bandwidth a device: up and down are not told apart",),
    )


def _rows(source: Source) -> Iterable[tuple[int, str, object, object]]:
    content = source.mapping
    if content is None:
        for line, fields in source.records(_COLUMNS):
            yield (line, *(fields[name] for name in _COLUMNS))  # type: ignore[misc]
        return
    if not content:
        raise source.error("holds no client")
    for key, client in content.items():
        if not isinstance(client, dict) or not {"computation", "communication"} <= client.keys():
            raise source.error(f"client {str(key)[:40]} needs computation and communication")
        yield 1, str(key), client["computation"], client["communication"]
