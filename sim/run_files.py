"""Reads the files that a run leaves in its directory: manifest.json and rows (*.jsonl).

The only reader of these files. sim.runlog writes the rows, sim.runs.directory the manifest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, NotRequired, TypedDict, cast

from .row_rules import fault, is_integer, is_number, is_text
from .runlog import FORMAT_VERSION, MANIFEST, RunError


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


_Test = Callable[[Any], bool]


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _has_basis(value: Any) -> bool:
    return _is_mapping(value) and "basis" in value


def _or_null(is_met: _Test) -> _Test:
    return lambda value: value is None or is_met(value)


_REQUIRED: dict[str, tuple[_Test, str]] = {
    "name": (lambda value: is_text(value) and value.isprintable(), "one line of printable text"),
    "digest": (is_text, "text"),
    "seed": (is_integer, "an integer"),
    "n_clients": (is_integer, "an integer"),
    "learner": (is_text, "text"),
    "scenario": (_is_mapping, "a mapping"),
}
"""What the value of each key that every manifest has must be, as a test and in words."""

_OPTIONAL: dict[str, tuple[_Test, str]] = {
    "policy": (is_text, "text"),
    "participation": (is_text, "text"),
    "metric": (is_text, "text"),
    "numerics": (_or_null(is_text), "text or null"),
    "precision": (lambda value: value in (None, "fp32", "bf16"), "fp32, bf16 or null"),
    "task_digest": (_or_null(is_text), "text or null"),
    "model_revision": (_or_null(is_text), "text or null"),
    "network": (_or_null(_is_mapping), "a mapping or null"),
    "availability": (_or_null(_is_mapping), "a mapping or null"),
    "device_of_client": (
        _or_null(lambda value: isinstance(value, list) and all(map(is_text, value))),
        "a list of names or null",
    ),
    "versions": (
        _or_null(lambda value: isinstance(value, dict) and all(map(is_text, value.values()))),
        "a mapping of names to text",
    ),
    "device_seconds": (
        _or_null(lambda value: _is_mapping(value) and all(map(_has_basis, value.values()))),
        "a mapping of devices to mappings with 'basis'",
    ),
    "result": (_is_mapping, "a mapping"),
}
"""The same for keys that older versions did not write."""

_SECTIONS = (
    *("model", "task", "partition", "learner", "training", "exchange", "aggregation", "fleet"),
    *("cost", "cache", "rounds", "configurator", "evaluation", "stop"),
)
"""Keys of a scenario whose values are mappings."""


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
    """Return one line of a file of rows as a mapping, with every key that its kind must have.

    Raises RunFileError, with the line number and the key, for anything else.
    """
    try:
        row = _DECODER.decode(line.decode())
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at column {error.colno}"
        raise RunFileError(f"{path}:{line_no}: must be a row of JSON: {reason}") from None
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{path}:{line_no}: must be a row of JSON: {error}") from None
    if not isinstance(row, dict) or not isinstance(row.get("row"), str):
        rule = "must be a row with its kind as 'row'"
        raise RunFileError(f"{path}:{line_no}: {rule}, got {row!r:.40}")
    if found := fault(row):
        raise RunFileError(f"{path}:{line_no}: {found}")
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


def _check_manifest(path: Path, manifest: Any) -> None:
    if not isinstance(manifest, dict):
        _refuse(path, f"must be a mapping, got {manifest!r:.40}")
    if "format_version" not in manifest:
        _refuse(path, "key 'format_version' is missing")
    if manifest["format_version"] not in [*range(1, FORMAT_VERSION + 1)]:
        known = f"1 to {FORMAT_VERSION}" if FORMAT_VERSION > 1 else "1"
        got = manifest["format_version"]
        raise RunFileError(f"{path}: format_version must be {known}, got {got!r}")
    for key in _REQUIRED:
        if key not in manifest:
            _refuse(path, f"key '{key}' is missing")
    for key, (is_met, word) in (_REQUIRED | _OPTIONAL).items():
        if key in manifest and not is_met(manifest[key]):
            _refuse(path, f"{key} must be {word}, got {manifest[key]!r:.40}")
    _check_scenario(path, manifest["scenario"])
    _name_transport(manifest["scenario"])
    _check_majority(path, manifest)


def _name_transport(scenario: dict[str, Any]) -> None:
    """Version 0.1.0 knew fluid links alone and wrote no transport; today's default is another."""
    network = scenario.get("fleet", {}).get("network")
    if isinstance(network, dict):
        network.setdefault("transport", {"kind": "fluid"})


def _check_scenario(path: Path, scenario: dict[str, Any]) -> None:
    """The parts of the scenario that results are read from are of their types."""
    for section in _SECTIONS:
        if not isinstance(scenario.get(section, {}), dict):
            found = scenario[section]
            _refuse(path, f"scenario.{section} must be a mapping, got {found!r:.40}")
    target = scenario.get("stop", {}).get("target_accuracy")
    if not (target is None or is_number(target)):
        _refuse(path, f"scenario.stop.target_accuracy must be a number or null, got {target!r:.40}")
    every = scenario.get("evaluation", {}).get("every_rounds", 1)
    if not is_integer(every) or every < 1:
        rule = "scenario.evaluation.every_rounds must be an integer of at least 1"
        _refuse(path, f"{rule}, got {every!r:.40}")


def _check_majority(path: Path, manifest: dict[str, Any]) -> None:
    """The reported split is known, and so is the majority accuracy on it for a run on data."""
    evaluation = manifest["scenario"].get("evaluation")
    split = evaluation.get("report_on") if isinstance(evaluation, dict) else None
    if not isinstance(split, str):
        _refuse(path, "key 'scenario.evaluation.report_on' is missing")
    if "majority_accuracy" not in manifest:
        _refuse(path, "key 'majority_accuracy' is missing")
    majority = manifest["majority_accuracy"]
    is_given = isinstance(majority, dict) and is_number(majority.get(split))
    if majority is not None and not is_given:
        rule = f"majority_accuracy must be null or have a number for '{split}'"
        _refuse(path, f"{rule}, got {majority!r:.40}")


def _refuse(path: Path, reason: str) -> NoReturn:
    raise RunFileError(f"{path}: is not a run's manifest: {reason}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"numbers must be finite, got {name}")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
