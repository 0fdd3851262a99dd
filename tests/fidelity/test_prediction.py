"""Predictions give every client the seconds that were measured for it."""

from __future__ import annotations

import math

import pytest

from fidelity.prediction import changes_of, class_of, jitter_of, own_classes
from fidelity.predictor import speed_factor
from sim.build.population import assign_devices
from sim.streams import Streams


@pytest.mark.parametrize("n_clients", [1, 2, 5, 10])
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_every_client_is_a_device_class_of_its_own(n_clients: int, seed: int) -> None:
    streams = Streams(seed)
    shares = own_classes(streams, n_clients)
    assert sum(shares.values()) == pytest.approx(1.0)
    ids = range(n_clients)
    assert assign_devices(shares, streams, ids) == [class_of(i) for i in ids]


def test_jitter_is_how_much_jobs_vary_within_clients() -> None:
    e = math.e
    assert jitter_of([[5.0, 5.0], [1.0, 1.0]]) == 0.0
    assert jitter_of([[e, 1 / e], [5 * e, 5 / e]]) == pytest.approx(math.sqrt(2))
    assert jitter_of([[e, 1 / e], [1.0, 1.0]]) == pytest.approx(1.0)
    assert changes_of("jitter", [[1.0, 1.0]]) == {
        "fleet.network.transport": {"kind": "tcp"},
        "fleet.jitter": 0.0,
    }


def test_the_speed_of_a_run_is_its_computing_over_the_profiled() -> None:
    rows = [
        {"client": 0, "outcome": "done", "compute_s": 2.2},
        {"client": 1, "outcome": "done", "compute_s": 5.5},
        {"client": 1, "outcome": "lost", "compute_s": None},
    ]
    assert speed_factor([[1.0, 3.0], [5.0, 5.0]], rows) == pytest.approx(1.1)
    assert speed_factor([[1.0]], []) == 1.0
