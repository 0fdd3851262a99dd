"""A deployment: namespaces, links, quotas and processes, all created and all removed again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from filelock import FileLock, Timeout

from sim import load_scenario
from sim.build.data import fetch_assets
from sim.runs.run import default_cache_dir

from . import namespaces as net
from .errors import DeploymentError
from .fleet import Fleet
from .framework import FRAMEWORKS, Framework
from .processes import Child
from .quota import Quota, remove_stale

_READY_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The running parts. `cables`: of the clients by id, then the server's own if it has one."""

    fleet: Fleet
    framework: Framework
    port: int
    server: Child
    clients: Sequence[Child]
    shapers: Mapping[str, Child]
    cables: Sequence[net.Cable]
    server_host: Sequence[str]

    def profile(self, scenario: Path, n_jobs: int) -> tuple[list[list[float]], list[float]]:
        """Seconds of jobs by client, all clients at once as in a run; then of aggregations."""
        order = {"order": "profile", "scenario": str(scenario), "jobs": n_jobs}
        for client in self.clients:
            client.order(order)
        jobs_s = [client.answer(_READY_S)["seconds"] for client in self.clients]
        self.server.order(order)
        return jobs_s, self.server.answer(_READY_S)["seconds"]

    def run(
        self, scenario: Path, limit_s: float, job_s: Sequence[float] | None = None
    ) -> dict[str, Any]:
        """One run of a scenario: the server's rows, and bytes on the wire by client and direction.

        job_s: seconds that a job takes on each client's emulated device; None: as the quota allows.
        Raises DeploymentError if a process ends, or if the run takes longer than the limit.
        """
        start_s = time.monotonic() + self.framework.connect_s
        absences_s = {str(i): own for i, own in enumerate(self.fleet.absences_s)}
        self._shape(start_s)
        before = [net.wire_bytes(one.upper) for one in self.cables]
        order = {"scenario": str(scenario), "port": self.port, "start_s": start_s}
        self.server.order(order | {"order": "run", "absences_s": absences_s})
        for i, client in enumerate(self.clients):
            own = {"order": "run", "client": i, "absences_s": absences_s[str(i)]}
            own["job_s"] = job_s[i] if job_s else 0.0
            client.order(order | own | {"host": self.server_host[i]})
        measured: dict[str, Any] = self.server.answer(
            limit_s, (*self.clients, *self.shapers.values())
        )
        for client in self.clients:
            client.answer(_READY_S)
        after = [net.wire_bytes(one.upper) for one in self.cables]
        measured["wire_bytes"] = [
            [end - begin for begin, end in zip(b, a, strict=True)]
            for b, a in zip(before, after, strict=True)
        ]
        return measured

    def _shape(self, start_s: float) -> None:
        """Tell every shaper the rates of its devices."""
        devices: dict[str, dict[str, Any]] = {name: {} for name in self.shapers}
        changes = [*zip(self.fleet.down, self.fleet.up, strict=True)]
        if len(self.cables) > len(changes):  # the server's own: from it down, to it up
            changes.append(
                ([(0.0, self.fleet.server_down or 1e9)], [(0.0, self.fleet.server_up or 1e9)])
            )
        for one, (down, up) in zip(self.cables, changes, strict=True):
            for end, own in ((one.upper, down), (one.lower, up)):
                devices[end.namespace][end.device] = {"peer": end.peer_address, "changes": own}
        for name, shaper in self.shapers.items():
            shaper.order({"start_s": start_s, "devices": devices[name]})


@contextmanager
def deploy(
    prefix: str,
    fleet: Fleet,
    port: int,
    scenario: Path,
    seed: int,
    framework: Framework = FRAMEWORKS["plain"],
) -> Iterator[Deployment]:
    """A deployment of a fleet; whatever happens, all that it creates is removed.

    prefix: at most 8 letters, with which all names begin; what a killed run of this prefix has left
    is removed first. scenario: the file from which the processes load model and data, which are
    fetched before, since a namespace reaches no package index. Raises DeploymentError in one line.
    """
    fetch_assets(load_scenario(scenario), default_cache_dir())
    lock = FileLock(Path(gettempdir()) / f"{prefix}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DeploymentError(f"another run uses the prefix {prefix}; choose another one") from None
    try:
        _remove_all(prefix)
        with ExitStack() as stack:
            stack.callback(_remove_all, prefix)
            yield _start(stack, prefix, fleet, port, scenario, seed, framework)
    finally:
        lock.release()


def _remove_all(prefix: str) -> None:
    remove_stale(prefix)
    net.remove_namespaces(prefix)


def _start(
    stack: ExitStack,
    prefix: str,
    fleet: Fleet,
    port: int,
    scenario: Path,
    seed: int,
    framework: Framework,
) -> Deployment:
    ids = range(len(fleet.core_share))
    start = Starter(stack, Quota.create(f"{prefix}-server", None))
    has_router = fleet.server_down is not None or fleet.server_up is not None
    server, router = f"{prefix}-server", f"{prefix}-router"
    hub = router if has_router else server
    names = [f"{prefix}-client{i}" for i in ids]
    for name in dict.fromkeys((server, hub, *names)):
        net.create_namespace(name)
    cables = [net.cable(prefix, i, hub, names[i]) for i in ids]
    for one in cables:
        start.lay(one, fleet.round_trip_s / 2.0)
    hosts = [one.lower.peer_address for one in cables]
    if has_router:
        trunk = net.cable(prefix, net.SERVER_NET, server, router)
        start.lay(trunk, 0.0)
        net.set_router(router)
        net.add_default_route(server, trunk.upper.peer_address)
        for i in ids:
            net.add_default_route(names[i], hosts[i])
        hosts = [trunk.lower.peer_address for _ in ids]
        cables = [*cables, trunk]
    shapers = {
        name: start.child(f"the shaper of {name}", name, "shaper")
        for name in dict.fromkeys((server, hub, *names))
    }
    arguments = (str(scenario), str(seed))
    python = framework.python
    serving = start.child("the server", server, framework.server, *arguments, python=python)
    clients = [
        start.child(f"client {i}", names[i], framework.client, *arguments, str(i), python=python)
        for i in ids
    ]
    for child in (*shapers.values(), serving, *clients):
        child.wait_until_ready(_READY_S)
    for i in ids:
        quota = Quota.create(f"{prefix}-client{i}", fleet.core_share[i])
        quota.add(clients[i].pid)
    return Deployment(
        fleet=fleet,
        framework=framework,
        port=port,
        server=serving,
        clients=clients,
        shapers=shapers,
        cables=cables,
        server_host=hosts,
    )


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts processes that end with the stack, in a group that comes before other processes."""

    stack: ExitStack
    group: Quota

    def child(
        self,
        name: str,
        namespace: str | None,
        *command: str,
        python: Path = Path(sys.executable),
    ) -> Child:
        child = Child(name, namespace, *command, python=python)
        self.stack.callback(child.stop)
        self.group.add(child.pid)
        return child

    def lay(self, between: net.Cable, one_way_s: float) -> None:
        """Create a cable, with a forwarder if it has a delay."""
        if one_way_s > 0.0:
            names = (between.upper.device, between.lower.device)
            name = f"the forwarder of {names[0]}"
            forwarder = self.child(name, None, "forwarder", *names, str(one_way_s))
            forwarder.wait_until_ready(_READY_S)
            net.move_taps(between)
        else:
            net.create_pair(between)
        net.bring_up(between)
