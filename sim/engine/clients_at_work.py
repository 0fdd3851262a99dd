"""The jobs of an asynchronous server by state: at work, reported, in the buffer, ended."""

from __future__ import annotations

from operator import itemgetter

from simpy import Environment, Event

from .allocation import Reservations
from .client_job import ClientJob


class ClientsAtWork:
    """A branch's jobs by where they stand.

    `at_work`: jobs under way, by client. `inbox`: jobs that have come in and that the server has
    not looked at. `buffer`: updates that wait for the next aggregation. `ended`: all jobs that have
    ended since the last aggregation, which was at `since_s`.
    """

    def __init__(self, env: Environment, reservations: Reservations | None) -> None:
        self._env, self._reservations = env, reservations
        self._arrival: Event | None = None
        self._arrived: list[tuple[float, int, ClientJob]] = []
        self.at_work: dict[int, ClientJob] = {}
        self.inbox: list[ClientJob] = []
        self.buffer: list[ClientJob] = []
        self.ended: list[ClientJob] = []
        self.since_s = env.now

    def add(self, job: ClientJob) -> None:
        """A job begins."""
        self.at_work[job.client_id] = job
        if self._reservations is not None:
            self._reservations.reserve([job.client_id])

    def report(self, job: ClientJob) -> None:
        """A client is done or lost: it is free, and the server wakes up if it waits."""
        del self.at_work[job.client_id]
        self._arrived.append((self._env.now, job.client_id, job))
        if self._reservations is not None:
            self._reservations.release([job.client_id])
        if self._arrival is not None and not self._arrival.triggered:
            self._arrival.succeed()

    @property
    def has_arrivals(self) -> bool:
        """Whether a job has come in that is not yet in the inbox."""
        return bool(self._arrived)

    def arrival(self) -> Event:
        """An event that succeeds when a client next reports; by then, all clients that end at the
        same instant have reported."""
        self._arrival = self._env.event()
        return self._arrival

    def collect(self) -> None:
        """Move what has come in to the inbox, by instant and then by client id."""
        if len(self._arrived) > 1:
            self._arrived.sort(key=itemgetter(0, 1))
        self.inbox += map(itemgetter(2), self._arrived)
        self._arrived, self._arrival = [], None
