"""The directory of a run: its name, and its manifest, scenario and DONE files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from configurator import Configurator
from learner.graph.recipes import digest_text
from sim.build.configurator import configurator_of, module_name
from sim.engine.participation import Participation, participate
from sim.run_files import RunFileError, read_manifest, recorded_sha256
from sim.runlog import (
    DONE,
    EVALUATIONS,
    EVENTS,
    FORMAT_VERSION,
    MANIFEST,
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


def begin_run(run_dir: Path, manifest: dict[str, Any], scenario: Scenario) -> None:
    """Write scenario.yaml and the manifest; to resume a run, check that its manifest fits.

    Raises RunError if it does not.
    """
    path = run_dir / MANIFEST
    if not path.exists():
        write_atomically(run_dir / "scenario.yaml", as_yaml(scenario))
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


def finish_run(run_dir: Path, manifest: dict[str, Any], result: dict[str, Any]) -> None:
    """Add the result to the manifest and write DONE, unless the run was finished before."""
    done = run_dir / DONE
    if done.exists():
        return
    write_json(run_dir / MANIFEST, manifest | {"result": result})
    write_json(done, {"events_sha256": result["events_sha256"]})


def read_result(run_dir: Path, numerics: str | None) -> dict[str, Any] | None:
    """The result of a finished run; None if there is none.

    None also if its events are not those that DONE names, evaluations.jsonl is missing, or the
    run has another format version or other numerics.
    """
    recorded = recorded_sha256(run_dir)
    if recorded is None:
        return None
    try:
        manifest = read_manifest(run_dir)
        events_sha256 = sha256((run_dir / EVENTS).read_bytes()).hexdigest()
        is_current = (manifest["format_version"], manifest["numerics"]) == (
            FORMAT_VERSION,
            numerics,
        )
        is_complete = recorded == events_sha256 and (run_dir / EVALUATIONS).exists()
        result = manifest["result"]
    except (OSError, RunFileError, KeyError):
        return None
    return result if is_current and is_complete else None
