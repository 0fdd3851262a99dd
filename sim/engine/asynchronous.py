"""Aggregation without rounds: clients are always at work, and whenever enough of them have come
back the server aggregates (FedAsync: one is enough; FedBuff: a buffer of them).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from operator import itemgetter

from simpy import Environment, Event, Interrupt

from learner.spec import StateRef
from sim.records import RoundStatus

from .accounting import record_round
from .aggregation import aggregate, note
from .allocation import Claims
from .branch import Growth, is_at_target
from .client_job import Bill
from .cohort import call_up, chances
from .collector import Call
from .dispatcher import Order
from .disturbances import dropout_points, work_factors
from .participation import Process, begin, cancel
from .simulation import World
from .timing import Bell


class Desk:
    """A branch's jobs: at work; come in, and before the server one after another; waiting in the
    buffer; ended since the last aggregation (buffer included)."""

    def __init__(self, env: Environment, claims: Claims | None) -> None:
        self._env, self._claims = env, claims
        self._bell: Bell | None = None
        self.at_work: dict[int, Bill] = {}
        self.come_in: list[tuple[float, int, Bill]] = []
        self.inbox: list[Bill] = []
        self.buffer: list[Bill] = []
        self.ended: list[Bill] = []
        self.since_s = env.now  # the last aggregation

    def send(self, bill: Bill) -> None:
        client_id = bill.client.shard.client_id
        self.at_work[client_id] = bill
        if self._claims is not None:
            self._claims.take([client_id])

    def answer(self, bill: Bill) -> None:
        """A client has finished, or is lost: it is free, and the server will look."""
        client_id = bill.client.shard.client_id
        del self.at_work[client_id]
        self.come_in.append((self._env.now, client_id, bill))
        if self._claims is not None:
            self._claims.release([client_id])
        if self._bell is not None:
            self._bell.ring()

    def news(self) -> Event:
        """Happens behind everything else of the instant at which somebody next comes in."""
        self._bell = Bell(self._env)
        return self._bell

    def look(self) -> None:
        """Take up who has come in, by instant and then by client: not by the clock's own ties."""
        if len(self.come_in) > 1:
            self.come_in.sort(key=itemgetter(0, 1))
        self.inbox += map(itemgetter(2), self.come_in)
        self.come_in, self._bell = [], None


Turn = tuple[int, int, float, float]
"""A client to be sent, its repeat with this version, and what chance has in store for its job: its
work factor and where it drops out (as in sim.engine.disturbances)."""


class Line:
    """Whom to send next: the policy's choice for this version of the model, used up in order.

    A policy that keeps no history ranks as many at once as an aggregation will need; one that
    does is asked anew whenever somebody is wanted.
    """

    def __init__(self, world: World, growth: Growth) -> None:
        self._world, self._growth = world, growth
        self._version, self._attempt = -1, 0
        self._queue: list[Turn] = []
        self._sent: Counter[int] = Counter()  # with this version

    def next(self, n: int, at_work: Collection[int]) -> list[Turn]:
        """At most n clients who are there and free, the preferred first."""
        if self._version != self._growth.lineage.round:
            self._version, self._attempt, self._queue = self._growth.lineage.round, 0, []
            self._sent.clear()
        taken = self._pop(n)
        if len(taken) < n:
            busy = {*at_work, *(client_id for client_id, *_ in taken)}
            self._queue = self._choose(n - len(taken), busy)
            taken += self._pop(n - len(taken))
        return taken

    def _choose(self, n: int, busy: set[int]) -> list[Turn]:
        world, share, lineage = self._world, self._growth.share, self._growth.lineage
        if share.claims is not None:
            busy |= share.claims.busy
        keeps_history = world.scenario.selection.needs_history
        n_asked = n if keeps_history else max(n, world.scenario.rounds.n_buffered)
        ids = call_up(world, share, lineage, self._attempt, n_asked, busy)
        about = (lineage.round, self._attempt, ids)
        factors = work_factors(world.streams, world.scenario.fleet.jitter, *about)
        drops = dropout_points(world.streams, world.scenario.fleet.p_dropout, *about)
        self._attempt += 1
        repeats = [self._sent[client_id] for client_id in ids]
        turns = list(zip(ids, repeats, factors, drops, strict=True))
        self._sent.update(ids)
        return turns[::-1]  # the preferred last, where a list gives them up at no cost

    def _pop(self, n: int) -> list[Turn]:
        """The first n of the queue who are still there and free."""
        taken: list[Turn] = []
        if self._queue:
            claims, now_s = self._growth.share.claims, self._world.env.now
            busy = claims.busy if claims is not None else ()
            while self._queue and len(taken) < n:
                turn = self._queue.pop()
                client_id = turn[0]
                if self._world.presences[client_id].is_on(now_s) and client_id not in busy:
                    taken.append(turn)
        return taken


def keep_busy(world: World, growth: Growth, trial_no: int, last: float) -> Process:
    """Keep the branch's participants at work until the lineage's `last` aggregation.

    Each client starts from the state of its instant. Interrupted by the end of a window, or at
    its own end: whatever is at work or in the buffer is cut, charged, and never trained.
    """
    desk, line = Desk(world.env, growth.share.claims), Line(world, growth)
    call = Call(
        trial=trial_no,
        branch=growth.name,
        attempt=0,
        cohort=(),
        n_wanted=world.scenario.rounds.n_buffered,
        totals=growth.totals,
    )
    with suppress(Interrupt):
        yield from _serve(world, growth, desk, line, call, last)
    _cut(world, growth, desk, call)


def _serve(
    world: World, growth: Growth, desk: Desk, line: Line, call: Call, last: float
) -> Process:
    """Send clients, take what comes in, aggregate full buffers; returns at the branch's end."""
    lineage, rules, n_lost = growth.lineage, world.scenario.rounds, 0
    aggregation_s = world.scenario.fleet.server.aggregation_s
    order = world.order(lineage.config)
    while lineage.round < last and not (growth.stuck or growth.is_over):
        _send(world, growth, desk, line, order)
        if not desk.come_in:
            waits = _waits(world, growth, desk)
            if not waits:
                growth.stuck = growth.why_nobody_comes
                return
            yield waits[0] if len(waits) == 1 else world.env.any_of(waits)
        desk.look()
        while desk.inbox and lineage.round < last:
            bill = desk.inbox.pop(0)
            desk.ended.append(bill)
            n_lost = n_lost + 1 if bill.outcome == "lost" else 0
            if n_lost == rules.max_failures:
                growth.stuck = "rounds.max_failures"
            if bill.outcome == "done":
                desk.buffer.append(bill)
            if len(desk.buffer) == call.n_wanted:
                if aggregation_s:
                    yield world.env.timeout(aggregation_s)
                _aggregate(world, growth, desk, call)
                if (yield from is_at_target(world, growth)):
                    return


def _send(world: World, growth: Growth, desk: Desk, line: Line, order: Order) -> None:
    """Fill the free places."""
    lineage = growth.lineage
    n_free = growth.share.n_participants - len(desk.at_work)
    if not n_free:
        return
    ground, now_s = world.ground, world.env.now
    for client_id, repeat, work_factor, drop_at in sorted(line.next(n_free, desk.at_work)):
        client = world.clients[client_id]
        bill = Bill(client, now_s, lineage, repeat=repeat, work_factor=work_factor, drop_at=drop_at)
        desk.send(bill)
        begin(ground, order, bill, desk.answer)


def _waits(world: World, growth: Growth, desk: Desk) -> list[Event]:
    """What the server waits for: somebody at work, or, for a free place, somebody to come."""
    waits: list[Event] = [desk.news()] if desk.at_work else []
    if len(desk.at_work) < growth.share.n_participants:
        waits += chances(world, growth.share)
    return waits


def _aggregate(world: World, growth: Growth, desk: Desk, call: Call) -> None:
    base, reports = growth.lineage.state, desk.buffer
    updates = aggregate(world, growth.lineage, reports)
    desk.buffer = []
    _record(world, growth, desk, call, base, "done")
    note(world, growth.lineage, reports, updates)


def _cut(world: World, growth: Growth, desk: Desk, call: Call) -> None:
    """The branch's window is over: what is under way is broken off and lost."""
    at_work = [desk.at_work[client_id] for client_id in sorted(desk.at_work)]
    for bill in at_work:
        cancel(world.ground, bill)
        bill.outcome = "cut"
    if growth.share.claims is not None:
        growth.share.claims.release(list(desk.at_work))
    desk.look()
    desk.ended += [*desk.inbox, *at_work]
    for bill in desk.ended:
        if bill.outcome == "done":
            bill.outcome = "cut"
    if desk.ended:
        _record(world, growth, desk, call, growth.lineage.state, "cut")


def _record(
    world: World, growth: Growth, desk: Desk, call: Call, base: StateRef, status: RoundStatus
) -> None:
    """Close the account of all jobs that have ended since the last aggregation."""
    bills, desk.ended = desk.ended, []
    for bill in bills:
        bill.close(world.env.now)
    record_round(world, growth.lineage, call, bills, desk.since_s, base, status)
    desk.since_s = world.env.now
