"""FedScale's `client_device_capacity`: ms of inference a sample, and kbit/s, by client.

JSON or pickle `{id: {"computation", "communication"}}`, or a CSV of the same. Training a sample
takes three times its inference (FedScale's own rule); the bandwidth is one symmetric number.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from traces.recording import CapacityRecording, DeviceCapacity

from .delimited import header_of, records_of
from .population import devices
from .source import Source

TRAINING_PER_INFERENCE = 3.0
_LEAST = 1e-6  # a phone that computes in no time, or moves no byte, is a gap in the data
_COLUMNS = ("client_id", "computation_ms_per_sample", "communication_kbps")


def sniff(source: Source) -> bool:
    """Whether clients have a computation, or the header has its CSV name."""
    if set(_COLUMNS) <= set(header_of(source)):
        return True
    content = source.mapping
    return content is not None and all(
        isinstance(client, dict) and "computation" in client
        for client in islice(content.values(), 3)
    )


def read(source: Source) -> CapacityRecording:
    """Every client, in file order."""
    raw: dict[str, tuple[int, object]] = {}
    for line, name, client in _clients(source):
        if name in raw:
            raise source.error(f"duplicate client {name[:40]}", line)
        raw[name] = (line, client)
    found, left_out = devices(raw, lambda name, of: _device(source, name, *of))
    told = "one bandwidth a device: up and down are not told apart"
    return CapacityRecording(
        format="fedscale-capacity", devices=tuple(found.values()), warnings=(told, *left_out)
    )


def _device(source: Source, name: str, line: int, client: object) -> DeviceCapacity:
    if not isinstance(client, dict) or not {"computation", "communication"} <= client.keys():
        raise source.error(f"client {name[:40]} needs computation and communication", line)
    compute_ms = source.number(client["computation"], f"{name[:40]} computation", line, low=_LEAST)
    kbit_per_s = source.number(
        client["communication"], f"{name[:40]} communication", line, low=_LEAST
    )
    return DeviceCapacity(
        name=name,
        train_s_per_sample=TRAINING_PER_INFERENCE * compute_ms / 1000.0,
        bytes_per_s=kbit_per_s * 1000.0 / 8.0,
    )


def _clients(source: Source) -> Iterable[tuple[int, str, object]]:
    content = source.mapping
    if content is None:
        for line, fields in records_of(source, _COLUMNS):
            name, compute, communication = (fields[column] for column in _COLUMNS)
            yield line, name, {"computation": compute, "communication": communication}
        return
    if not content:
        raise source.error("holds no client")
    for key, client in content.items():
        yield 1, str(key), client
