"""Reads the files that a run leaves in its directory: manifest.json and rows (*.jsonl).

The only reader of these files. sim.runlog writes the rows, sim.runs.directory the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, NotRequired, TypedDict, cast

from .runlog import FORMAT_VERSION, MANIFEST, STUDY_INDEX, RunError


class RunFileError(RunError, ValueError):
    """A file of a run directory is missing or damaged; one line names the file and the rule."""


class Manifest(TypedDict):
    """What a run records beside its rows. Keys that older versions did not write are optional."""

    format_version: int
    name: str
    seed: int
    digest: str
    scenario: dict[str, Any]
    n_clients: int
    learner: str
    majority_accuracy: dict[str, float] | None
    policy: NotRequired[str]
    numerics: NotRequired[str | None]
    device_seconds: NotRequired[dict[str, dict[str, str]]]
    precision: NotRequired[Any]
    metric: NotRequired[str]
    task_digest: NotRequired[str]
    model_revision: NotRequired[str | None]
    network: NotRequired[dict[str, Any] | None]
    availability: NotRequired[dict[str, Any] | None]
    device_of_client: NotRequired[list[str]]
    versions: NotRequired[dict[str, str]]
    commit: NotRequired[str | None]
    dirty: NotRequired[bool | None]
    command: NotRequired[str]
    result: NotRequired[dict[str, Any]]


_TYPES: dict[str, tuple[type, str]] = {
    "name": (str, "text"),
    "digest": (str, "text"),
    "seed": (int, "an integer"),
    "n_clients": (int, "an integer"),
    "learner": (str, "text"),
    "scenario": (dict, "a mapping"),
}
"""Type of each key that every manifest has, and the word for it in an error."""


def read_manifest(run_dir: Path) -> Manifest:
    """Return the manifest of a run directory.

    Raises RunFileError if the directory has none, or if the file is not a manifest of a format
    that this version knows.
    """
    path = run_dir / MANIFEST
    try:
        manifest = json.loads(path.read_bytes().decode())
    except (FileNotFoundError, NotADirectoryError):
        raise RunFileError(f"{run_dir}: is not a run directory (no {MANIFEST} in it)") from None
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{path}: must be JSON: {error}") from None
    _check_manifest(path, manifest)
    return cast(Manifest, manifest)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file, one per line.

    A last line without its line break is skipped: a killed run was writing it. A missing file has
    no rows. Raises RunFileError, with the line number, for a complete line that is not a row.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for line_no, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                yield parse_row(path, line_no, line)


def parse_row(path: Path, line_no: int, line: bytes) -> dict[str, Any]:
    """Return one line of a file of rows as a mapping with at least `row` and `t_s`.

    Raises RunFileError, with the line number, for anything else.
    """
    try:
        row = _DECODER.decode(line.decode())
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at column {error.colno}"
        raise RunFileError(f"{path}:{line_no}: must be a row of JSON: {reason}") from None
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{path}:{line_no}: must be a row of JSON: {error}") from None
    if not (
        isinstance(row, dict)
        and isinstance(row.get("row"), str)
        and type(row.get("t_s")) in (int, float)
    ):
        rule = "must be a row with its kind as 'row' and its second as 't_s'"
        raise RunFileError(f"{path}:{line_no}: {rule}, got {row!r:.40}")
    return row


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    """The values of a nested mapping, by dotted key path; a list is one value."""
    if not isinstance(value, Mapping) or not value:
        return {path: value}
    return {
        key: leaf
        for name, below in value.items()
        for key, leaf in flatten(below, f"{path}.{name}" if path else str(name)).items()
    }


def read_study_index(directory: Path) -> dict[str, Any]:
    """Return the index of a study's directory; empty without one.

    Raises RunFileError if the file is not an index with a list of runs.
    """
    path = directory / STUDY_INDEX
    if not path.exists():
        return {}
    try:
        index: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        [directory / name for name in index["runs"]]
        dict(index.get("axes", {})), dict(index.get("coordinates", {})), list(index.get("arms", ()))
    except (ValueError, KeyError, TypeError):
        raise RunFileError(f"{path}: must be the index of a study, with a list 'runs'") from None
    return index


def _check_manifest(path: Path, manifest: Any) -> None:
    if not isinstance(manifest, dict):
        _refuse(path, f"must be a mapping, got {manifest!r:.40}")
    if "format_version" not in manifest:
        _refuse(path, "key 'format_version' is missing")
    if manifest["format_version"] not in range(1, FORMAT_VERSION + 1):
        known = f"1 to {FORMAT_VERSION}" if FORMAT_VERSION > 1 else "1"
        got = manifest["format_version"]
        raise RunFileError(f"{path}: format_version must be {known}, got {got!r}")
    for key, (type_, word) in _TYPES.items():
        if key not in manifest:
            _refuse(path, f"key '{key}' is missing")
        if not isinstance(manifest[key], type_):
            _refuse(path, f"{key} must be {word}, got {manifest[key]!r:.40}")
    _check_majority(path, manifest)


def _check_majority(path: Path, manifest: dict[str, Any]) -> None:
    """The reported split is known, and so is the majority accuracy on it for a run on data."""
    evaluation = manifest["scenario"].get("evaluation")
    split = evaluation.get("report_on") if isinstance(evaluation, dict) else None
    if not isinstance(split, str):
        _refuse(path, "key 'scenario.evaluation.report_on' is missing")
    if "majority_accuracy" not in manifest:
        _refuse(path, "key 'majority_accuracy' is missing")
    majority = manifest["majority_accuracy"]
    if majority is not None and not (isinstance(majority, dict) and split in majority):
        rule = f"majority_accuracy must be null or have a number for '{split}'"
        _refuse(path, f"{rule}, got {majority!r:.40}")


def _refuse(path: Path, reason: str) -> NoReturn:
    raise RunFileError(f"{path}: is not a run's manifest: {reason}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"numbers must be finite, got {name}")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
