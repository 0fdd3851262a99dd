"""Checks that a run can start: reads everything that it would read, but downloads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from learner.assets.sources import PYPI, is_at_hand, is_model_at_hand, model_dir
from learner.ranges import require
from learner.tasks.hub import HUB
from sim.runlog import RunLog
from sim.scenario.scenario import Scenario
from sim.scenario.task import DataTask, TorchTraining
from sim.streams import Streams
from traces.fetch import is_fetched

from .checks import check_scenario, device_notes, needs_model_files, warnings
from .data import describe_data, load_data
from .simulation import build_simulation
from .sources import FETCH
from .surroundings import find_surroundings

_SEED = 0


def check_start(scenario: Scenario, cache_dir: Path) -> list[str]:
    """What is to be told about the data, the files and the scenario, one line each.

    Raises ValueError, TraceError or OSError, with one line, for what would end a run at its start.
    What has to be downloaded first is named in a line, and not checked.
    """
    check_scenario(scenario)
    missing = list(_missing(scenario, cache_dir))
    lines: list[str] = []
    if isinstance(scenario.learner, TorchTraining) and "model.source" not in missing:
        from learner.encoder.check import check_encoder  # imports torch

        try:
            check_encoder(model_dir(scenario.model.source, cache_dir))
        except ValueError as error:
            raise ValueError(f"model.source: {error}") from None
    data = None
    if "task.source" not in missing:
        data = load_data(scenario, Streams(_SEED), cache_dir)
        lines += describe_data(data)
    told: list[str] = []
    if not missing:
        simulation = build_simulation(
            scenario, _SEED, log=RunLog(Path()), cache_dir=cache_dir, data=data
        )
        told = simulation.facts["trace_warnings"]
    elif not any(key.startswith("fleet") for key in missing):
        ids = range(scenario.partition.clients)
        around = find_surroundings(
            scenario.fleet, Streams(_SEED), ids, cache_dir, full_s_per_sample=lambda: 1.0
        )
        told = around.facts["trace_warnings"]
    lines += [f"warning: {text}" for text in (*told, *warnings(scenario), *device_notes(scenario))]
    if missing:
        lines.append(f"not checked, since a download is needed: {', '.join(missing)}")
    return lines


def _missing(scenario: Scenario, cache_dir: Path) -> Iterator[str]:
    """The keys of what must be downloaded. Raises ValueError for a local data set that is not
    there."""
    if needs_model_files(scenario) and not is_model_at_hand(scenario.model.source, cache_dir):
        yield "model.source"
    if isinstance(scenario.task, DataTask):
        source = scenario.task.source
        if not is_at_hand(source, cache_dir):
            require(
                source.startswith((PYPI, HUB)),
                f"task.source must be a file, a directory, a package or hub:ID, got {source}",
            )
            yield "task.source"
    fleet = scenario.fleet
    for key, files in (
        ("fleet.network.downlink", getattr(fleet.network, "downlink", None)),
        ("fleet.network.uplink", getattr(fleet.network, "uplink", None)),
        ("fleet.capacities.source", fleet.capacities),
        ("fleet.availability.source", fleet.availability),
    ):
        reference = files if isinstance(files, str) else getattr(files, "source", "")
        if reference.startswith(FETCH):
            name = reference.removeprefix(FETCH).partition("/")[0]
            if not is_fetched(name, cache_dir / "traces"):
                yield key
