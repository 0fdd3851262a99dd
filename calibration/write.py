"""Writes fitted clients as a fleet: a device file, constant rates, and the part of a scenario."""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from traces.convert import to_csv
from traces.device_csv import COLUMNS
from traces.step import constant

from .fit import ClientFit

_FLEET = "fleet.yaml"


def write_fleet(directory: Path, fits: Sequence[ClientFit]) -> Path:
    """Write the fleet into a new directory; returns the file with the scenario's part `fleet`.

    Every client is a device class of its own with an equal share; links are given in turn. Raises
    FileExistsError, and OSError if the disk is full: the directory appears whole or not at all.
    """
    if directory.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(directory))
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(dir=directory.parent, prefix=".calibrate-") as place:
            whole = Path(place) / "fleet"
            _write_files(whole, fits)
            whole.rename(directory)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(directory)) from None
    return directory / _FLEET


def _write_files(directory: Path, fits: Sequence[ClientFit]) -> None:
    directory.mkdir()
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
            "transport": {"kind": "fluid"},  # rates and latency were fitted to the payload
        },
    }
    text = yaml.safe_dump({"fleet": part}, sort_keys=False)
    (directory / _FLEET).write_text(text, encoding="utf-8")


def _links(way: str) -> dict[str, object]:
    return {
        "source": f"*.{way}.csv",
        "format": "csv",
        "format_options": {way: "bytes_per_s"},
    }


def _device(one: ClientFit) -> str:
    return "client-" + "".join(letter if letter.isalnum() else "-" for letter in one.client)
