"""The directory of a run: its name, and its manifest, scenario and DONE files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from configurator import Configurator
from learner.graph.names import digest_text
from sim.build.configurator import configurator_of, module_name
from sim.done import changed_files, recorded_sha256, uncovered_files, write_done
from sim.engine.participation import Participation, participate
from sim.run_files import RunFileError, read_manifest
from sim.runlog import (
    DONE,
    FORMAT_VERSION,
    MANIFEST,
    SCENARIO,
    RunError,
    write_atomically,
    write_json,
)
from sim.scenario.file import as_yaml, digest
from sim.scenario.own import Own
from sim.scenario.scenario import Scenario

_MAX_SLUG = 100  # characters; names are limited to 255 bytes, and the digest makes them unique

_IDENTITY = ("format_version", "numerics", "model_revision", "task_digest")
"""Keys of the manifest that must be equal for a run to be resumed. The scenario, whose digest is in
the directory's name, has the names of model and data; these keys identify their content."""


def run_directory(
    out: Path,
    scenario: Scenario,
    seed: int,
    policy: Configurator | None = None,
    participation: Participation = participate,
) -> Path:
    """`<out>/<name>-<digest8>/seed-0007`.

    policy: used instead of the scenario's, which must describe it (sim.build.configurator). The
    digest includes the repr of the user's own policy, and the module and name of the user's own
    participation. Raises RunError if that repr has a memory address, ValueError if the policy that
    the scenario names cannot be made.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", scenario.name.lower())[:_MAX_SLUG].strip("-") or "run"
    name = digest(scenario)
    if isinstance(scenario.configurator, Own):
        shown = repr(policy or configurator_of(scenario))
        if " at 0x" in shown:
            raise RunError(
                f"the repr of the configurator must show its values, as that of a dataclass does, "
                f"got {shown}"
            )
        name = digest_text(name, shown)
    if participation is not participate:
        name = digest_text(name, participation_name(participation))
    return out / f"{slug}-{name[:8]}" / f"seed-{seed:04d}"


def participation_name(participation: Participation) -> str:
    """The module and name of a participation function, by which sim.runs.recorded imports it.

    Raises ValueError if it has no name, as a partial: wrap it in a function.
    """
    name = getattr(participation, "__qualname__", None)
    if name is None:
        raise ValueError(f"participation must be a function with a name, got {participation!r}")
    return f"{module_name(participation)}.{name}"


def discard_changed(run_dir: Path) -> list[str]:
    """Remove the files that have changed since the run finished; returns their names.

    A changed DONE is among the names, and stays until finish_run replaces it.
    """
    changed = changed_files(run_dir)
    for name in changed:
        if name != DONE:
            (run_dir / name).unlink(missing_ok=True)
    return changed


def require_unchanged(run_dir: Path) -> None:
    """Raise RunError if a file has changed since the run finished, as DONE tells."""
    if changed := changed_files(run_dir):
        raise RunError(
            f"{run_dir / changed[0]}: differs from what DONE records; "
            "run its scenario again to make the file again"
        )


def begin_run(run_dir: Path, manifest: dict[str, Any], scenario: Scenario) -> None:
    """Write scenario.yaml and the manifest; to resume a run, check that its manifest fits.

    Raises RunError if it does not.
    """
    path, text = run_dir / MANIFEST, as_yaml(scenario)
    if _content(run_dir / SCENARIO) != text.encode():
        write_atomically(run_dir / SCENARIO, text)
    if not path.exists():
        write_json(path, manifest)
        return
    try:
        earlier: Mapping[str, Any] = read_manifest(run_dir)
    except RunFileError as error:
        raise RunError(f"{error}; choose another --out") from None
    for key in _IDENTITY:
        if earlier.get(key) != manifest[key]:
            raise RunError(
                f"{path}: {key} must be {manifest[key]!r} to resume this run, "
                f"got {earlier.get(key)!r}; choose another --out"
            )


def finish_run(run_dir: Path, manifest: dict[str, Any], result: dict[str, Any]) -> list[str]:
    """Add the result to the manifest and write DONE, unless the run was finished before.

    Returns the names of files that were made again and differ from what DONE had recorded.
    """
    recorded = recorded_sha256(run_dir) or {}
    changed = changed_files(run_dir)
    if recorded and not changed and not uncovered_files(run_dir):
        return []
    (run_dir / DONE).unlink(missing_ok=True)
    write_json(run_dir / MANIFEST, manifest | {"result": result})
    write_done(run_dir)
    return [name for name in changed if name in recorded and name != MANIFEST]


def read_result(run_dir: Path, numerics: str | None) -> dict[str, Any] | None:
    """The result of a finished run; None if there is none.

    None also if one of its files is not as DONE records, DONE does not cover it, or the run has
    another format version or other numerics.
    """
    if recorded_sha256(run_dir) is None or changed_files(run_dir) or uncovered_files(run_dir):
        return None
    try:
        manifest = read_manifest(run_dir)
        is_current = (manifest["format_version"], manifest["numerics"]) == (
            FORMAT_VERSION,
            numerics,
        )
        result = manifest["result"]
    except (RunFileError, KeyError):
        return None
    return result if is_current else None


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
