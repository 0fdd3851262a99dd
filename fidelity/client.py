"""Process: a client of the deployment. It receives states, trains, and sends updates.

Arguments: scenario file, seed, client id. Orders come as lines of JSON on standard input (see
`obey`), answers go to standard output; the process ends with its input.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sim import Scenario, load_scenario
from sim.runs.run import default_cache_dir

from .interrupts import Interrupts, RoundOver
from .messages import Closed, Message, receive, send, set_options
from .presence import Presence
from .profile import job_seconds
from .site import Content, Site

_RETRY_S = 0.01
"""Between two attempts to connect."""

_PARENT_S = 1.0
"""Between two looks at whether the parent still lives; a look takes time from the training."""


class Client:
    """One client, which takes part in runs and measures its own training."""

    def __init__(self, site: Site, client_id: int) -> None:
        self.site, self.client_id = site, client_id
        self._interrupts = Interrupts()

    def take_part(self, order: dict[str, Any], scenario: Scenario) -> int:
        """One run, until the server's end message; returns the number of updates sent."""
        presence = Presence(order["start_s"], order["absences_s"])
        n_updates = 0
        while True:
            presence.wait()
            with suppress(Closed, OSError, RoundOver), self._connected(order, presence) as link:
                while (message := receive(link)).kind == "task":
                    received_s = time.monotonic()
                    cpu_s = time.process_time()
                    with self._interrupts.watching(link):
                        update = self.train(scenario, message.number, message.payload, order)
                    cpu_s = time.process_time() - cpu_s
                    stamps = (received_s, time.monotonic(), cpu_s)
                    send(link, Message("update", message.number, update, *stamps))
                    n_updates += 1
                send(link, Message("end", self.client_id))
                return n_updates
            time.sleep(_RETRY_S)

    def train(
        self, scenario: Scenario, version: int, content: Content, order: dict[str, Any]
    ) -> Content:
        """The update of a round. An emulated device returns it after the seconds it takes."""
        begun_s = time.monotonic()
        update = self.site.train(scenario, self.client_id, version, content)
        # The run's clock is the wall's: a slower device than this one is this one, and a wait.
        time.sleep(max(begun_s + order["job_s"] - time.monotonic(), 0.0))
        return update

    @contextmanager
    def _connected(self, order: dict[str, Any], presence: Presence) -> Iterator[socket.socket]:
        """A connection that breaks when the client's next absence begins."""
        with socket.socket() as link:
            set_options(link)
            link.connect((order["host"], order["port"]))
            send(link, Message("hello", self.client_id))
            left_s = presence.left_s()
            timer = threading.Timer(left_s or 0.0, _shut, (link,))
            if left_s is not None:
                timer.daemon = True
                timer.start()
            try:
                yield link
            finally:
                timer.cancel()

    def profile(self, order: dict[str, Any], scenario: Scenario) -> list[float]:
        """Seconds of each of some jobs, from the state's bytes to the update's."""
        return job_seconds(self.site, scenario, self.client_id, order["jobs"])


def _shut(link: socket.socket) -> None:
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)


def obey(client: Client) -> None:
    """Follow orders: {"order": "profile" or "run", "scenario": file, ...}.

    Scenarios are kept: reading one takes 0.1 s of a whole core.
    """
    scenarios: dict[str, Scenario] = {}
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        file = order["scenario"]
        if file not in scenarios:
            scenarios[file] = load_scenario(file)
        if order["order"] == "profile":
            answer: Any = {"seconds": client.profile(order, scenarios[file])}
        else:
            answer = {"updates": client.take_part(order, scenarios[file])}
        print(json.dumps(answer), flush=True)


def work(kind: type[Client]) -> None:
    """The process, whose client is of a kind."""
    scenario, seed, client_id = load_scenario(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    site = Site.load(scenario, seed, default_cache_dir())
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    print(json.dumps({"ready": os.getpid()}), flush=True)
    obey(kind(site, client_id))


def _end_with_parent(parent: int) -> None:
    """End a client whose parent was killed while it trains or waits for the server."""
    while os.getppid() == parent:
        time.sleep(_PARENT_S)
    os._exit(1)


if __name__ == "__main__":
    work(Client)
