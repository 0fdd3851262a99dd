"""One run, ready to start: what sim.build puts together and sim.runs runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learner.spec import Learner, StateRef
from sim.fleet.client import Client
from sim.runlog import RunLog
from sim.scenario.scenario import Scenario

from .context import Context
from .server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """`counts[client][class]`: how many training examples of each class every client holds."""

    classes: tuple[str, ...]
    counts: list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """`facts`: what the manifest says of model, data and population. `holdings` is None without
    data. `where` names the branch and round of a state, for messages. `clients[i]` has client_id i.
    """

    scenario: Scenario
    seed: int
    context: Context
    clients: Sequence[Client]
    learner: Learner
    server: Server
    log: RunLog
    facts: Mapping[str, Any]
    holdings: Holdings | None
    where: Callable[[StateRef], str]
