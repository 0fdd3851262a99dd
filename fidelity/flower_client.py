"""Process: a Flower client in place of `fidelity.client`, with the same orders and answers."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import suppress
from typing import Any

from flwr.client import Client as FlowerClient
from flwr.client import start_client
from flwr.common import Code, FitIns, FitRes, Parameters, Status

from sim import Scenario

from .client import Client, work
from .framework import FLOWER_FORMAT

_RETRY_S = 0.05
"""Between two attempts to reach the server."""


class Trainer(FlowerClient):  # type: ignore[misc]  # of an environment that mypy does not see
    """Trains what Flower hands out, and tells when it was received and computed."""

    def __init__(self, own: Client, scenario: Scenario, order: dict[str, Any]) -> None:
        self._own, self._scenario, self._order, self.n_updates = own, scenario, order, 0

    def fit(self, ins: FitIns) -> FitRes:
        received_s, cpu_s = time.monotonic(), time.process_time()
        version, content = int(ins.config["version"]), ins.parameters.tensors[0]
        update = self._own.train(self._scenario, version, content, self._order)
        cpu_s = time.process_time() - cpu_s
        self.n_updates += 1
        told = {
            "client": self._own.client_id,
            "received_s": received_s,
            "computed_s": time.monotonic(),
            "cpu_s": cpu_s,
        }
        return FitRes(
            status=Status(Code.OK, ""),
            parameters=Parameters(tensors=[bytes(update)], tensor_type=FLOWER_FORMAT),
            num_examples=self._own.site.shards[self._own.client_id].n_samples,
            metrics=told,
        )


class OverFlower(Client):
    """A client whose rounds come from a Flower server."""

    def take_part(self, order: dict[str, Any], scenario: Scenario) -> int:
        address = order["host"], order["port"]
        _wait_for(address)
        trainer = Trainer(self, scenario, order)
        start_client(server_address="{}:{}".format(*address), client=trainer, insecure=True)
        return trainer.n_updates


def _wait_for(address: tuple[str, int]) -> None:
    """Until the server listens: Flower's own retries wait for seconds."""
    while True:
        with suppress(OSError), socket.create_connection(address):
            return
        time.sleep(_RETRY_S)


if __name__ == "__main__":
    logging.getLogger("flwr").setLevel(logging.ERROR)  # nobody reads its lines
    work(OverFlower)
