"""Writes fitted clients as a fleet: a device file, constant rates, and the part of a scenario."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import yaml

from traces.convert import to_csv
from traces.device_csv import COLUMNS
from traces.step import constant

from .fit import ClientFit


def write_fleet(directory: Path, fits: Sequence[ClientFit]) -> Path:
    """Write the fleet into a new directory; returns the file with the scenario's part `fleet`.

    Every client is a device class of its own with an equal share; links are given in turn. Raises
    FileExistsError.
    """
    directory.mkdir(parents=True)
    with (directory / "devices.csv").open("w", encoding="utf-8", newline="") as target:
        table = csv.DictWriter(target, COLUMNS)
        table.writeheader()
        for one in fits:
            seconds = one.seconds_per_batch
            table.writerow(
                {
                    "device": _device(one),
                    "seconds_per_batch": f"{seconds.value:.6g}",
                    "source": f"fitted to {one.n_rounds} rounds, 95 % {seconds.low:.4g} to "
                    f"{seconds.high:.4g} s",
                }
            )
    for one in fits:
        for way, link in (("down", one.down), ("up", one.up)):
            trace = to_csv(constant(link.bytes_per_s.value))
            (directory / f"{_device(one)}.{way}.csv").write_text(trace, encoding="utf-8")
    share = 1.0 / len(fits)
    part = {
        "devices": {_device(one): share for one in fits},
        "device_file": "devices.csv",
        "network": {
            "kind": "trace",
            **{key: _links(way) for key, way in (("downlink", "down"), ("uplink", "up"))},
            "latency_s": float(max(max(one.down.latency_s, one.up.latency_s) for one in fits)),
        },
    }
    target_file = directory / "fleet.yaml"
    target_file.write_text(yaml.safe_dump({"fleet": part}, sort_keys=False), encoding="utf-8")
    return target_file


def _links(way: str) -> dict[str, object]:
    return {
        "source": f"*.{way}.csv",
        "format": "csv",
        "format_options": {way: "bytes_per_s"},
    }


def _device(one: ClientFit) -> str:
    return "client-" + "".join(letter if letter.isalnum() else "-" for letter in one.client)
