"""A run's directory: its name, how a run is begun, resumed and finished in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from configurator import Configurator
from learner.graph.recipes import digest_text
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
from sim.scenario.scenario import Scenario

_LONGEST_SLUG = 100  # file systems end names at 255 bytes; the digest tells long ones apart

_IDENTITY = ("format_version", "numerics", "model_revision", "task_digest")
"""What the manifest must repeat for a run to be continued: the scenario's digest names the
sources of model and data, these name their content."""


def run_directory(
    out: Path,
    scenario: Scenario,
    seed: int,
    policy: Configurator | None = None,
    participation: Participation = participate,
) -> Path:
    """`<out>/<name>-<digest8>/seed-0007`. The digest covers a policy of the user's own by its repr,
    and a participation of the user's own by its module and name.

    Raises RunError for a repr that differs from process to process.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", scenario.name.lower())[:_LONGEST_SLUG].strip("-") or "run"
    name = digest(scenario)
    if policy is not None:
        if " at 0x" in repr(policy):
            raise RunError(
                f"the configurator's repr must tell its values, as a dataclass's does, "
                f"got {policy!r}"
            )
        name = digest_text(name, repr(policy))
    if participation is not participate:
        name = digest_text(name, name_of(participation))
    return out / f"{slug}-{name[:8]}" / f"seed-{seed:04d}"


def name_of(participation: Participation) -> str:
    """Module and name of what a client does in a round, for the manifest.

    Raises ValueError for what has no name, such as a partial: wrap it in a function.
    """
    name = getattr(participation, "__qualname__", None)
    if name is None:
        raise ValueError(f"participation must be a function with a name, got {participation!r}")
    return f"{participation.__module__}.{name}"


def begin(run_dir: Path, manifest: dict[str, Any], scenario: Scenario) -> None:
    """Write the scenario and the manifest, or compare the latter with that of the attempt to be
    continued. The scenario is for readers, and `fedadapter run` takes it."""
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
                f"{path}: {key} must be {manifest[key]!r} to go on with this run, "
                f"got {earlier.get(key)!r}; choose another --out"
            )


def finish(run_dir: Path, manifest: dict[str, Any], result: dict[str, Any]) -> None:
    """Mark the run as finished; a repetition of a finished run leaves its files alone."""
    done = run_dir / DONE
    if done.exists():
        return
    write_json(run_dir / MANIFEST, manifest | {"result": result})
    write_json(done, {"events_sha256": result["events_sha256"]})


def finished(run_dir: Path, numerics: str | None) -> dict[str, Any] | None:
    """The result of a run that is finished and whole, None for any other: its files are what DONE
    names, and its format and numerics are this program's."""
    recorded = recorded_sha256(run_dir)
    if recorded is None:
        return None
    try:
        manifest = read_manifest(run_dir)
        events_sha256 = sha256((run_dir / EVENTS).read_bytes()).hexdigest()
        is_ours = (manifest["format_version"], manifest["numerics"]) == (FORMAT_VERSION, numerics)
        is_whole = recorded == events_sha256 and (run_dir / EVALUATIONS).exists()
        result = manifest["result"]
    except (OSError, RunFileError, KeyError):
        return None
    return result if is_ours and is_whole else None
