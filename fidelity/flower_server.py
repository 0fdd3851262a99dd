"""Process: a Flower server in place of `fidelity.server`, with the same orders and answers.

Flower (https://flower.ai) holds the rounds and moves the bytes, over one gRPC stream a client. This
project is its strategy: it hands out the state, aggregates the updates, and notes the times. Runs
in Flower's own environment (`make .flower/installed`).
"""

from __future__ import annotations

import logging
import time
from typing import Any

from flwr.common import FitIns, FitRes, Parameters
from flwr.server import ServerConfig, start_server
from flwr.server.client_manager import ClientManager
from flwr.server.client_proxy import ClientProxy
from flwr.server.strategy import Strategy

from learner.training.state_bytes import to_bytes
from learner.tuning.parameters import trainables
from sim import Scenario

from .errors import DeploymentError
from .exchange import Exchange
from .framework import FLOWER_FORMAT
from .record import Record
from .server import serve
from .site import Site

_MOST_WAIT_S = 60
"""For all clients to connect."""


class Timed:
    """A client as Flower's server sees it; its results carry the instant of their arrival."""

    def __init__(self, own: ClientProxy) -> None:
        self.cid, self._own = own.cid, own

    def fit(self, ins: FitIns, timeout: float | None, group_id: int | None) -> FitRes:
        result = self._own.fit(ins, timeout, group_id)
        result.metrics["reported_s"] = time.monotonic()
        return result


class Rounds(Strategy):  # type: ignore[misc]  # of an environment that mypy does not see
    """Every client takes part in every round, and nothing is evaluated on the way."""

    def __init__(self, site: Site, scenario: Scenario, start_s: float) -> None:
        self._site, self._scenario, self._start_s = site, scenario, start_s
        self.record, self.state = Record(site, scenario, start_s), site.initial(scenario)
        self._begun_s, self._n_bytes = start_s, 0

    def initialize_parameters(self, client_manager: ClientManager) -> Parameters:
        n_clients = self._scenario.partition.clients
        if not client_manager.wait_for(n_clients, timeout=_MOST_WAIT_S):
            raise DeploymentError(f"fewer than {n_clients} clients connected to Flower")
        time.sleep(max(self._start_s - time.monotonic(), 0.0))  # the links' traces begin then
        return self._parameters()

    def _parameters(self) -> Parameters:
        content = to_bytes(trainables(self.state))
        self._n_bytes = len(content)
        return Parameters(tensors=[bytes(content)], tensor_type=FLOWER_FORMAT)

    def configure_fit(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[Any, FitIns]]:
        ins = FitIns(parameters, {"version": server_round - 1})
        cohort = [(Timed(own), ins) for own in client_manager.all().values()]
        self._begun_s = time.monotonic()
        return cohort

    def aggregate_fit(
        self, server_round: int, results: list[tuple[Any, FitRes]], failures: list[Any]
    ) -> tuple[Parameters, dict[str, Any]]:
        if failures:
            raise DeploymentError(f"Flower: {failures[0]}")
        exchanges = [self._exchange(result) for _, result in results]
        updates = {one.client: one.update for one in exchanges if one.update is not None}
        reported_s = time.monotonic()
        self.state = self._site.aggregate(self._scenario, self.state, server_round - 1, updates)
        parameters = self._parameters()
        self.record.add_round(server_round - 1, self._begun_s, exchanges, reported_s)
        return parameters, {}

    def _exchange(self, result: FitRes) -> Exchange:
        told = result.metrics
        return Exchange(
            client=told["client"],
            down_bytes=self._n_bytes,
            received_s=told["received_s"],
            computed_s=told["computed_s"],
            reported_s=told["reported_s"],
            cpu_s=told["cpu_s"],
            update=bytearray(result.parameters.tensors[0]),
            outcome="done",
        )

    def configure_evaluate(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def aggregate_evaluate(self, *_: Any, **__: Any) -> tuple[None, dict[str, Any]]:
        return None, {}

    def evaluate(self, *_: Any, **__: Any) -> None:
        return None


def run(site: Site, scenario: Scenario, order: dict[str, Any]) -> dict[str, Any]:
    """All rounds of a scenario, held by Flower's server; returns what was measured."""
    rounds = Rounds(site, scenario, order["start_s"])
    start_server(
        server_address=f"0.0.0.0:{order['port']}",
        config=ServerConfig(num_rounds=scenario.stop.rounds or 0),
        strategy=rounds,
    )
    return rounds.record.answer(site.evaluate(scenario, rounds.state).accuracy)


if __name__ == "__main__":
    logging.getLogger("flwr").setLevel(logging.ERROR)  # nobody reads its lines
    serve(run)
