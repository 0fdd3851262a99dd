"""Facts about model, data and clients for a run's manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from learner.encoder.architecture import Architecture
from sim.fleet.client import Client
from sim.scenario.fleet import ServerSide

from .data import Data, data_warnings


def model_data_facts(
    architecture: Architecture, data: Data, clients: Sequence[Client]
) -> dict[str, Any]:
    """Sizes, devices by client, and the accuracy of always predicting the most frequent label."""
    task = data.task
    return {
        "n_layers": architecture.n_layers,
        "n_clients": len(clients),
        "n_samples": [client.shard.n_samples for client in clients],
        "devices": dict(Counter(client.device.profile.name for client in clients)),
        "device_of_client": [client.device.profile.name for client in clients],
        "device_seconds": _device_seconds(clients),
        "labels": list(task.labels) if task else [],
        "metric": task.metric if task else "accuracy",
        "task_examples": task
        and {name: len(task.split(name)) for name in ("train", "validation", "test")},
        "task_words_a_text": task and float(task.train.n_words.mean()),
        "task_repeats_left_out": task and dict(task.repeats),
        "task_warnings": data_warnings(task) if task else [],
        "majority_accuracy": task
        and {split: task.majority_accuracy(split) for split in ("validation", "test")},
    }


def _device_seconds(clients: Sequence[Client]) -> dict[str, dict[str, str]]:
    """By device class without published seconds: whether they are as measured or scaled, and from
    what."""
    profiles = {client.device.profile.name: client.device.profile for client in clients}
    return {
        name: {"basis": profile.basis, "source": profile.sources[0]}
        for name, profile in sorted(profiles.items())
        if profile.basis != "published"
    }


def resampled_to_s(server: ServerSide) -> float | None:
    """The steps in seconds over which the clients' rates are averaged; None if they are not, since
    the server's link is unlimited."""
    is_shared = server.down_mbit_per_s is not None or server.up_mbit_per_s is not None
    return server.link_step_s if is_shared else None
