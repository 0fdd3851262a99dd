"""Files that a scenario names: relative paths are those of the scenario's own folder, then of the
working directory."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from traces.synthetic import PRESETS

PATH_KEYS = (
    "model.source",
    "task.source",
    "fleet.device_file",
    "fleet.network.downlink",
    "fleet.network.downlink.source",
    "fleet.network.uplink",
    "fleet.network.uplink.source",
    "fleet.capacities.source",
    "fleet.availability.source",
)
"""The keys whose values may be paths."""

_HUB = "hub:"
_NAMES = ("pypi:", "shape:", "fetch:")


def resolve_paths(value: Any, folder: Path, key: str = "", *, local_first: bool = False) -> Any:
    """The value of a key path ("": a whole scenario) with its paths resolved, as plain data.

    A relative path that exists in the folder, as a file, directory or pattern, becomes one that is
    relative to the working directory, as the folder is. Others are left as they are. local_first:
    what exists in the working directory is left as it is too.
    """
    if folder == Path():
        return value
    if isinstance(value, str):
        return _resolved(value, folder, local_first) if key in PATH_KEYS else value
    if not isinstance(value, Mapping):
        return value
    return {
        name: resolve_paths(
            below, folder, f"{key}.{name}" if key else str(name), local_first=local_first
        )
        for name, below in value.items()
    }


def named_paths(scenario: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Key path and absolute path of everything that a scenario names and that exists."""
    for key in PATH_KEYS:
        value: Any = scenario
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if isinstance(value, str) and (path := _path_of(value)) is not None and _exists(path):
            yield key, str(path.absolute())


def _resolved(text: str, folder: Path, local_first: bool) -> str:
    path = _path_of(text)
    if path is None or path.is_absolute() or (local_first and _exists(path)):
        return text
    placed = folder / path
    if not _exists(placed):
        return text
    return text.replace(str(path), str(placed), 1) if text.startswith(_HUB) else str(placed)


def _path_of(text: str) -> Path | None:
    """The path that a value may be; None for names of packages and presets."""
    if text.startswith(_NAMES) or text in PRESETS or not text:
        return None
    try:
        is_hub = text.startswith(_HUB)  # "hub:NAME:CONFIG"
        return Path(text.split(":")[1] if is_hub else text).expanduser()
    except RuntimeError:  # ~ of an unknown user
        return None


def _exists(path: Path) -> bool:
    try:
        return path.exists() or any(glob.iglob(str(path)))
    except (OSError, ValueError):  # longer than a name may be, or with a NUL
        return False
