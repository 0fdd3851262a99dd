"""Writes fitted clients as a fleet: a device file, links, and the part of a scenario."""

from __future__ import annotations

import csv
import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from traces.device_csv import COLUMNS

from .fit import ClientFit, LinkFit
from .job import Job

_FLEET = "fleet.yaml"
_PERIOD_MS = 1000.0
_KBIT_PER_BYTE = 8e-3


def write_fleet(directory: Path, clients: Mapping[str, ClientFit], job: Job) -> Path:
    """Write the fleet into a new directory; returns the file with the scenario's part `fleet`.

    clients: by name, in order (calibration.order): client i of a scenario has the seconds, rates
    and latencies of the i-th. Raises FileExistsError, and OSError if the disk is full: the
    directory appears whole or not at all.
    """
    if directory.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(directory))
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=directory.parent, prefix=".calibrate-") as place:
            whole = Path(place) / "fleet"
            _write_files(whole, clients, job)
            whole.rename(directory)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(directory)) from None
    return directory / _FLEET


def _write_files(directory: Path, clients: Mapping[str, ClientFit], job: Job) -> None:
    directory.mkdir()
    with (directory / "devices.csv").open("w", encoding="utf-8", newline="") as target:
        table = csv.DictWriter(target, COLUMNS)
        table.writeheader()
        for name, one in clients.items():
            seconds = one.seconds_per_batch
            table.writerow(
                {
                    "device": name,
                    **job.cells(),
                    "seconds_per_batch": f"{seconds.value:.6g}",
                    "source": f"fitted to {one.n_rounds} rounds, 95 % {seconds.low:.4g} to "
                    f"{seconds.high:.4g} s",
                }
            )
    for name, one in clients.items():
        for way, link in (("down", one.down), ("up", one.up)):
            (directory / f"{name}.{way}.json").write_text(_as_sabre(link), encoding="utf-8")
    text = yaml.safe_dump({"fleet": _part([*clients])}, sort_keys=False, allow_unicode=True)
    (directory / _FLEET).write_text(_comment(len(clients), job) + text, encoding="utf-8")


def _part(names: list[str]) -> dict[str, object]:
    return {
        "devices": dict.fromkeys(names, 1.0 / len(names)),
        "assign": "by-id",
        "device_file": "devices.csv",
        "network": {
            "kind": "trace",
            "downlink": _links("down"),
            "uplink": _links("up"),
            "assign": "by-id",
            "transport": {"kind": "fluid"},  # rates and latency were fitted to the payload
        },
    }


def _comment(n_clients: int, job: Job) -> str:
    lines = [
        "Fitted by fedadapter calibrate. Client i of a scenario is the i-th of devices, with its",
        f"own seconds, rates and latency: partition.clients must be at most {n_clients}.",
        *([f"Seconds of a batch are of: {job.stated()}."] if job.stated() else []),
        *([f"Assumed, since not stated: {job.assumed()}."] if job.assumed() else []),
    ]
    return "".join(f"# {line}\n" for line in lines)


def _links(way: str) -> dict[str, object]:
    return {"source": f"*.{way}.json", "format": "sabre", "format_options": {"direction": way}}


def _as_sabre(link: LinkFit) -> str:
    """A constant rate with its latency, in Sabre's format, which has both."""
    period = {
        "duration_ms": _PERIOD_MS,
        "bandwidth_kbps": link.bytes_per_s.value * _KBIT_PER_BYTE,
        "latency_ms": link.latency_s * 1000.0,
    }
    return json.dumps([period]) + "\n"
