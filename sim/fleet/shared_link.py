"""The server's own link: one capacity, shared max-min fairly by all transfers in flight.

Every flow moves at min(its cap, the fair rate): the caps are the clients' own rates, and the fair
rate is the largest one at which the sum stays within the capacity (water-filling). Flows below
their cap all move at the fair rate, so they finish in the order of the bytes that one such flow
has moved when they are through (virtual time, as in processor sharing and weighted fair queueing).
Nothing is recomputed for all flows when one starts or ends.

The link hands out events: `begin` returns a Flow, and its event `over` succeeds when the last byte
has been moved. A client that is interrupted stops its flow.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import count

from simpy import Environment, Event, Timeout

from traces.step import StepTrace
from traces.step_means import means

_SLACK = 1e-12
"""Relative slack at which an instant counts as reached: sums of floats miss it by last places."""

_FULL = 1.0 + _SLACK  # times a capacity: as far as it counts as free

_Entry = tuple[float, int, "Flow"]  # (cap or end, flow number, flow)


class Flow:
    """One transfer: `over` succeeds when all bytes are `moved`, or when the client stops it."""

    __slots__ = (
        "_link",
        "cap",
        "caps",
        "end",
        "left",
        "moved",
        "n_bytes",
        "number",
        "over",
        "since_s",
    )

    left: float
    since_s: float | None  # None: at the fair rate, and `left` is the virtual time of its end
    end: _Entry | None  # its place in a heap; any other entry of it there is out of date

    def __init__(
        self, link: SharedLink, number: int, caps: Iterator[float], n_bytes: float
    ) -> None:
        self._link, self.number, self.n_bytes = link, number, n_bytes
        self.caps = caps  # of the link's coming steps, one after the other
        self.cap, self.moved = next(caps), 0.0
        self.over = Event(link.env)

    def stop(self) -> float:
        """Stop now; returns the bytes moved. No effect on a flow that is over."""
        self._link.leave(self)
        return self.moved


class SharedLink:
    """One direction of the server's link. `peak_bytes_per_s` is the largest load that it carried,
    `carried_bytes` all that was moved.

    Caps are the flows' traces averaged over steps of `step_s`, which conserves their bytes.
    """

    _at_s: float  # up to when flows, virtual time and caps are known
    _virtual_bytes: float  # that a flow at the fair rate has moved in this step
    _next_step_s: float

    def __init__(self, env: Environment, capacity_bytes_per_s: float, step_s: float) -> None:
        self.env, self.capacity_bytes_per_s, self.step_s = env, capacity_bytes_per_s, step_s
        self.peak_bytes_per_s = self.carried_bytes = 0.0
        self._numbers = count()
        self._flows: list[_Entry] = []  # by cap; the first `_n_capped` move at it
        self._fair_rate = self._wake_s = math.inf
        self._alarm: Event | None = None
        self._is_changed = False
        self._begin_step(env.now)

    def begin(self, trace: StepTrace, offset_s: float, n_bytes: float) -> Flow:
        """Start a transfer now; its client meets its trace `offset_s` after the trace's zero."""
        if self.env.now != self._at_s:  # many begin at once
            self._catch_up()
        caps = means(trace, self._step_no * self.step_s + offset_s, self.step_s)
        flow = Flow(self, next(self._numbers), caps, n_bytes)
        if not n_bytes:
            flow.over.succeed()
            return flow
        entry = (flow.cap, flow.number, flow)
        index = bisect_left(self._flows, entry)
        self._flows.insert(index, entry)
        if index < self._n_capped:
            self._n_capped += 1
            self._capped_sum += flow.cap
            self._put_at_cap(flow, n_bytes)
        else:
            self._put_at_fair_rate(flow, n_bytes)
        self._share_at_end_of_instant()
        return flow

    def leave(self, flow: Flow) -> None:
        """Take a flow out, if it is still in."""
        if flow.over.triggered:
            return
        self._catch_up()
        if not flow.over.triggered:
            self._end(flow, flow.n_bytes - self._left(flow))
            self._share_at_end_of_instant()

    # -- as time passes -------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Bring virtual time, the flows that are through and the caps up to now."""
        now_s = self.env.now
        reached_s = _reached(now_s)
        self._finish(self._ends_at_cap, reached_s)
        if self._fair_rate < math.inf:
            self._virtual_bytes += self._fair_rate * (now_s - self._at_s)
            slack = self._fair_rate * (reached_s - now_s)
            self._finish(self._ends_at_fair_rate, self._virtual_bytes + slack)
        self._at_s = now_s
        if reached_s >= self._next_step_s:
            self._begin_step(now_s)

    def _finish(self, heap: list[_Entry], reached: float) -> None:
        while _first(heap) <= reached:
            _, _, flow = heappop(heap)
            self._end(flow, flow.n_bytes)

    def _begin_step(self, at_s: float) -> None:
        """Every cap may be another one: begin as if none were reached."""
        for _, _, flow in self._flows:
            flow.left, flow.since_s, flow.cap = self._left(flow), None, next(flow.caps)
        flows = sorted((flow.cap, number, flow) for _, number, flow in self._flows)
        self._flows, self._n_capped, self._capped_sum, self._virtual_bytes = flows, 0, 0.0, 0.0
        self._ends_at_cap: list[_Entry] = []
        self._ends_at_fair_rate: list[_Entry] = []
        self._at_s, self._step_no = at_s, math.floor(_reached(at_s) / self.step_s)
        self._next_step_s = (self._step_no + 1) * self.step_s
        self._find_fair_rate()
        for _, number, flow in flows[self._n_capped :]:
            flow.end = flow.left, number, flow
            self._ends_at_fair_rate.append(flow.end)
        heapify(self._ends_at_fair_rate)

    def _share_at_end_of_instant(self) -> None:
        """Share the capacity once for all flows that start or stop at this instant."""
        if self._is_changed:
            return
        if self.env.peek() > self._at_s:  # nothing else happens at this instant
            self._share()
        else:
            self._is_changed = True
            Timeout(self.env, 0.0).callbacks.append(lambda _: self._share())

    def _share(self) -> None:
        """Find the fair rate, and wake up when the next flow ends or the caps change."""
        self._is_changed = False
        self._find_fair_rate()
        if not self._flows:
            return
        load, next_s = self._capped_sum, min(self._next_step_s, _first(self._ends_at_cap))
        if self._n_capped < len(self._flows):
            load = self.capacity_bytes_per_s
            left = _first(self._ends_at_fair_rate) - self._virtual_bytes
            next_s = min(next_s, self._at_s + left / self._fair_rate)
        self.peak_bytes_per_s = max(self.peak_bytes_per_s, load)
        if next_s < self._wake_s:
            self._wake_s = next_s
            self._alarm = Timeout(self.env, max(next_s - self._at_s, 0.0))
            self._alarm.callbacks.append(self._wake)

    def _wake(self, alarm: Event) -> None:
        if alarm is not self._alarm:
            return  # meant for something that has changed since
        self._wake_s = math.inf
        self._catch_up()
        self._share()

    # -- rates of the flows ----------------------------------------------------------------------

    def _find_fair_rate(self) -> None:
        """Move the border between the flows at their cap and those at the fair rate."""
        flows, n_capped, capped_sum = self._flows, self._n_capped, self._capped_sum
        n_open, free = len(flows) - n_capped, self.capacity_bytes_per_s - capped_sum
        while n_open and flows[n_capped][0] * n_open <= free:
            cap, _, flow = flows[n_capped]
            self._put_at_cap(flow, self._left(flow))
            n_capped, n_open = n_capped + 1, n_open - 1
            capped_sum, free = capped_sum + cap, free - cap
        while n_capped:
            cap, _, flow = flows[n_capped - 1]
            if cap * (n_open + 1) <= (free + cap) * _FULL:
                break
            self._put_at_fair_rate(flow, self._left(flow))
            n_capped, n_open = n_capped - 1, n_open + 1
            capped_sum, free = capped_sum - cap, free + cap
        self._n_capped, self._capped_sum = n_capped, capped_sum
        self._fair_rate = free / n_open if n_open else math.inf

    def _put_at_cap(self, flow: Flow, left: float) -> None:
        flow.left, flow.since_s = left, self._at_s
        flow.end = self._at_s + left / flow.cap if flow.cap else math.inf, flow.number, flow
        heappush(self._ends_at_cap, flow.end)

    def _put_at_fair_rate(self, flow: Flow, left: float) -> None:
        flow.left, flow.since_s = self._virtual_bytes + left, None
        flow.end = flow.left, flow.number, flow
        heappush(self._ends_at_fair_rate, flow.end)

    def _left(self, flow: Flow) -> float:
        """Bytes that a flow still has to move."""
        if flow.since_s is None:
            left = flow.left - self._virtual_bytes
        else:
            left = flow.left - flow.cap * (self._at_s - flow.since_s)
        return left if left > 0.0 else 0.0

    def _end(self, flow: Flow, moved: float) -> None:
        """Take out a flow, which is then over."""
        index = bisect_left(self._flows, (flow.cap, flow.number))
        del self._flows[index]
        if index < self._n_capped:
            self._n_capped -= 1
            self._capped_sum -= flow.cap
        flow.end, flow.moved = None, moved
        self.carried_bytes += moved
        flow.over.succeed()


def _reached(time_s: float) -> float:
    """The latest instant that counts as reached at time_s."""
    return time_s + _SLACK * (1.0 + time_s)


def _first(heap: list[_Entry]) -> float:
    """When the first flow ends; entries out of date are dropped. inf: none does."""
    while heap and heap[0][2].end is not heap[0]:
        heappop(heap)
    return heap[0][0] if heap else math.inf
