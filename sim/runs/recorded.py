"""What a run was made with, from its manifest, to simulate it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, cast

from learner.spec import Evaluation, StateRef
from learner.training.numerics import Precision
from sim.build.checks import find_architecture
from sim.build.configurator import build_configurator
from sim.build.learner import RecordedScores
from sim.engine.participation import Participation, participate
from sim.run_files import Manifest, read_manifest, read_rows
from sim.runlog import EVALUATIONS, MANIFEST, RunError
from sim.scenario.file import parse_scenario
from sim.scenario.scenario import Scenario
from sim.streams import Streams

from .directory import participation_name
from .divergence import precision_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Scenario, seed, number format and participation of a run; `manifest` has the rest."""

    scenario: Scenario
    seed: int
    precision: Precision
    participation: Participation
    manifest: Manifest


def recorded_run(run_dir: Path) -> Recorded:
    """Read what a run was made with; its own participation is imported.

    Raises RunError if `run_dir` has no run, or if the participation cannot be imported.
    """
    manifest = read_manifest(run_dir)
    return Recorded(
        scenario=parse_scenario(manifest["scenario"], str(run_dir / MANIFEST)),
        seed=manifest["seed"],
        precision=precision_of(manifest),
        participation=recorded_participation(run_dir, manifest),
        manifest=manifest,
    )


def recorded_scores(run_dir: Path, manifest: Manifest) -> RecordedScores | None:
    """The scores in the log of a run, for replays without training; None if it trained nothing."""
    numerics = manifest.get("numerics")
    if numerics is None:
        return None
    names = [one.name for one in fields(Evaluation)]
    evaluations = {
        (StateRef(row["state"]), row["split"]): Evaluation(**{name: row[name] for name in names})
        for row in read_rows(run_dir / EVALUATIONS)
    }
    return RecordedScores(numerics=numerics, evaluations=evaluations)


def check_configurator(run_dir: Path, recorded: Recorded, cache_dir: Path) -> None:
    """Raise RunError unless the scenario of the manifest makes the policy that the run had.

    It does not if a policy was passed to an earlier version, which recorded its repr alone, if its
    values could not be written down, or if its class has changed.
    """
    scenario = recorded.scenario
    try:
        architecture = find_architecture(scenario, cache_dir)
        policy = repr(build_configurator(scenario, architecture, Streams(recorded.seed)))
    except ValueError as error:
        raise RunError(f"{run_dir}: {error}") from None
    refuse_change(run_dir, "configurator", recorded.manifest.get("policy", policy), policy)


def refuse_change(run_dir: Path, what: str, earlier: Any, now: Any) -> None:
    """Raise RunError if a part of the run is not what it was."""
    if earlier != now:
        raise RunError(
            f"{run_dir}: the run cannot be repeated, since its {what} has changed: it was "
            f"{earlier!r} and is now {now!r}"
        )


def recorded_participation(run_dir: Path, manifest: Mapping[str, Any]) -> Participation:
    """The run's participation; version 0.1.0 did not record the default one."""
    name = manifest.get("participation", participation_name(participate))
    if name == participation_name(participate):
        return participate
    try:
        found = resolve_name(name)
    except Exception as error:  # the user's module is executed, and may raise anything
        raise RunError(
            f"{run_dir}: the run cannot be repeated, since its participation {name} cannot be "
            f"imported ({type(error).__name__}: {error})"
        ) from None
    if not callable(found):
        raise RunError(f"{run_dir}: participation must be a function, got {name}: {found!r}")
    return cast(Participation, found)
