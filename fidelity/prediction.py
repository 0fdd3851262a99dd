"""The simulator's prediction of a run, from what was measured before the run alone."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from learner.spec import AddOn, tuned_depth
from sim import Scenario, run_scenario
from sim.build.population import device_positions
from sim.scenario.file import as_yaml, parse_scenario
from sim.streams import Streams
from traces.device_csv import COLUMNS

Row = dict[str, Any]

GIVEN_SPEED = "speed"

VARIANTS = ("tcp", "jitter", "open", "fluid", GIVEN_SPEED)
"""How a run is predicted, see `changes_of`. All but GIVEN_SPEED know nothing of the run."""


def changes_of(variant: str, jobs_s: Sequence[Sequence[float]]) -> dict[str, Any]:
    """The keys of a scenario that a variant changes, by dotted path.

    tcp, fluid: the transport. open: a connection whose congestion window stays as open as it was,
    instead of ten segments. jitter: tcp, and jobs that vary as the profiled ones do, by one draw of
    factors for all arms. speed: tcp, with the seconds that the run's speed makes of the profiled.
    """
    if variant == "jitter":
        return changes_of("tcp", jobs_s) | {"fleet.jitter": jitter_of(jobs_s)}
    segments = {"initial_segments": 1000} if variant == "open" else {}
    kind = "fluid" if variant == "fluid" else "tcp"
    return {"fleet.network.transport": {"kind": kind, **segments}}


def jitter_of(jobs_s: Sequence[Sequence[float]]) -> float:
    """The standard deviation of the logarithm of a job's seconds, within clients."""
    return math.sqrt(fmean(stdev(map(math.log, own)) ** 2 for own in jobs_s))


def own_classes(streams: Streams, n_clients: int) -> dict[str, float]:
    """`fleet.devices` in which every client is a class of its own, `client-3`.

    Clients of one device class are not equally fast: each is predicted by its own seconds.
    """
    positions = device_positions(streams, range(n_clients))
    order = sorted(range(n_clients), key=positions.__getitem__)
    ends = [(positions[a] + positions[b]) / 2.0 for a, b in pairwise(order)]
    edges = [0.0, *ends, 1.0]
    return {class_of(i): high - low for i, (low, high) in zip(order, pairwise(edges), strict=True)}


def class_of(client_id: int) -> str:
    """The device class of a client in predictions."""
    return f"client-{client_id}"


def write_devices(
    path: Path, scenario: Scenario, n_layers: int, seconds: Sequence[Sequence[float]]
) -> None:
    """The device file of one arm. seconds: of whole jobs by client, measured beforehand.

    A job's seconds over its batches are the seconds of a batch: what a job takes once, such as
    loading the state, is in them.
    """
    from .site import config_of

    config, training = config_of(scenario), scenario.training
    with path.open("w", encoding="utf-8", newline="") as target:
        rows = csv.DictWriter(target, COLUMNS)
        rows.writeheader()
        for client_id, own in enumerate(seconds):
            rows.writerow(
                {
                    "device": class_of(client_id),
                    "model": scenario.model.source,
                    "batch_size": training.batch_size,
                    "tokens": scenario.task.max_tokens,
                    "row": "adapter" if isinstance(config, AddOn) else "full",
                    "depth": tuned_depth(config, n_layers),
                    "seconds_per_batch": repr(fmean(own) / (training.max_batches or 1)),
                    "source": "jobs of this deployment, measured before its run",
                }
            )


def predict(mapping: Mapping[str, Any], seed: int, out: Path, cache_dir: Path) -> list[Row]:
    """The rounds of a scenario's clients as simulated: a row for each client and round.

    out: of this prediction alone; what an earlier one has left there is removed.
    """
    if out.exists():
        shutil.rmtree(out)
    time_only = {"learner": {"kind": "curve"}, "log": "clients"}
    scenario = parse_scenario({**mapping, **time_only}, "prediction")
    result = run_scenario(scenario, seed=seed, out=out, cache_dir=cache_dir)
    (out / f"{scenario.name}.yaml").write_text(as_yaml(scenario), encoding="utf-8")
    events = [
        json.loads(line)
        for line in (result.run_dir / "events.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [_as_row(event) for event in events if event["row"] == "client"]


def _as_row(event: Mapping[str, Any]) -> Row:
    names = ("round", "client", "outcome", "start_s", "down_s", "compute_s", "up_s")
    return {name: event[name] for name in names} | {
        "bytes": event["down_bytes"],
        "up_bytes": event["up_bytes"],
        "round_end_s": event["t_s"],
    }
