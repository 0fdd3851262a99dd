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

from simpy import Environment, Event, Timeout

from traces.step import StepTrace
from traces.step_means import means

_SLACK = 1e-12
"""Relative slack at which an instant counts as reached: sums of floats miss it by last places."""

_FULL = 1.0 + _SLACK  # times a capacity: as far as it counts as free

_Flows = list[tuple[float, int, "Flow"]]  # (cap, flow number, flow)
_Heap = list[tuple[float, int, int, "Flow"]]  # (when, flow number, stamp, flow)


class Flow:
    """One transfer: `over` succeeds when all bytes are `moved`, or when the client stops it."""

    __slots__ = (
        "_link",
        "cap",
        "caps",
        "left",
        "moved",
        "n_bytes",
        "number",
        "over",
        "since_s",
        "stamp",
    )

    cap: float
    left: float
    since_s: float  # nan: at the fair rate, and `left` is the virtual time of its end

    def __init__(
        self, link: SharedLink, number: int, caps: Iterator[float], n_bytes: float
    ) -> None:
        self._link, self.number, self.n_bytes = link, number, n_bytes
        self.caps = caps  # of the link's coming steps, one after the other
        self.over = Event(link.env)
        self.moved, self.stamp = 0.0, 0

    def stop(self) -> float:
        """Stop now; returns the bytes moved. No effect on a flow that is over."""
        self._link.leave(self)
        return self.moved


class SharedLink:
    """One direction of the server's link. `peak_bytes_per_s` is the largest load that it carried,
    `carried_bytes` all that was moved.

    Caps are the flows' traces averaged over steps of `step_s`, which conserves their bytes.
    """

    def __init__(self, env: Environment, capacity_bytes_per_s: float, step_s: float) -> None:
        self.env, self.capacity_bytes_per_s, self.step_s = env, capacity_bytes_per_s, step_s
        self.peak_bytes_per_s = self.carried_bytes = 0.0
        self._flows: _Flows = []  # by cap; the first `_n_capped` move at it
        self._n_capped, self._capped_sum = 0, 0.0
        self._fair_rate, self._virtual_bytes, self._at_s = math.inf, 0.0, -math.inf
        self._ends_at_cap: _Heap = []
        self._ends_at_fair_rate: _Heap = []
        self._step_no, self._next_step_s, self._step_end_s = -1, 0.0, 0.0
        self._wake_s, self._n_begun, self._is_changed = math.inf, 0, False

    def begin(self, trace: StepTrace, offset_s: float, n_bytes: float) -> Flow:
        """Start a transfer now; its client meets its trace `offset_s` after the trace's zero."""
        now_s = self.env.now
        if now_s != self._at_s:  # many begin at once
            self._catch_up(now_s)
        self._n_begun += 1
        caps = means(trace, self._step_no * self.step_s + offset_s, self.step_s)
        flow = Flow(self, self._n_begun, caps, n_bytes)
        if n_bytes <= 0.0:
            flow.over.succeed()
            return flow
        flow.cap = cap = next(caps)
        entry = (cap, flow.number, flow)
        index = bisect_left(self._flows, entry)
        self._flows.insert(index, entry)
        if index < self._n_capped:
            self._n_capped += 1
            self._capped_sum += cap
            self._put_at_cap(flow, n_bytes)
        else:
            self._put_at_fair_rate(flow, n_bytes)
        self._share_at_end_of_instant()
        return flow

    def leave(self, flow: Flow) -> None:
        """Take a flow out, if it is still in."""
        if flow.over.triggered:
            return
        self._catch_up(self.env.now)
        if not flow.over.triggered:
            self._end(flow, flow.n_bytes - self._left(flow))
            self._share_at_end_of_instant()

    # -- as time passes -------------------------------------------------------------------------

    def _catch_up(self, now_s: float) -> None:
        """Bring virtual time, the caps and the flows that are through up to now."""
        slack_s, fair_rate = _SLACK * (1.0 + now_s), self._fair_rate
        if self._ends_at_cap:
            self._finish(self._ends_at_cap, now_s + slack_s)
        if fair_rate < math.inf:
            self._virtual_bytes += fair_rate * (now_s - self._at_s)
            if self._ends_at_fair_rate:
                self._finish(self._ends_at_fair_rate, self._virtual_bytes + fair_rate * slack_s)
        self._at_s = now_s
        if now_s + slack_s >= self._next_step_s:
            self._begin_step(math.floor((now_s + slack_s) / self.step_s))

    def _begin_step(self, step_no: int) -> None:
        if step_no != self._step_no:
            self._step_no, self._next_step_s = step_no, (step_no + 1) * self.step_s
            self._step_end_s = self._next_step_s + 2.0 * _SLACK * (1.0 + self._next_step_s)
            self._renew_caps()

    def _finish(self, heap: _Heap, reached: float) -> None:
        while heap and heap[0][0] <= reached:
            _, _, stamp, flow = heappop(heap)
            if stamp == flow.stamp:
                self._end(flow, flow.n_bytes)

    def _renew_caps(self) -> None:
        """A step begins: every cap may be another."""
        at_s, flows, n_capped = self._at_s, self._flows, self._n_capped
        renewed: _Flows = []
        for cap, number, flow in flows[:n_capped]:
            left = flow.left - cap * (at_s - flow.since_s)
            flow.left = left if left > 0.0 else 0.0
            renewed.append((next(flow.caps), number, flow))
        for _, number, flow in flows[n_capped:]:
            left = flow.left - self._virtual_bytes
            flow.left = left if left > 0.0 else 0.0
            renewed.append((next(flow.caps), number, flow))
        renewed.sort()
        self._flows, self._virtual_bytes = renewed, 0.0
        self._fill()

    def _fill(self) -> None:
        """Share the capacity among flows of new caps, which have `left` bytes each (water-filling).

        A flow that its cap keeps from ending in this step needs no entry in a heap.
        """
        flows, at_s, rest_s = self._flows, self._at_s, self._step_end_s - self._at_s
        n_open, spent = len(flows), 0.0
        self._ends_at_cap, self._ends_at_fair_rate = ends_at_cap, ends_at_fair_rate = [], []
        for cap, number, flow in flows:
            if cap * n_open > self.capacity_bytes_per_s - spent:
                break
            flow.cap, flow.since_s = cap, at_s
            if flow.left < cap * rest_s:
                ends_at_cap.append((at_s + flow.left / cap, number, flow.stamp, flow))
            n_open -= 1
            spent += cap
        self._n_capped, self._capped_sum = len(flows) - n_open, spent
        for cap, number, flow in flows[self._n_capped :]:
            flow.cap, flow.since_s = cap, math.nan
            if flow.left < cap * rest_s:
                ends_at_fair_rate.append((flow.left, number, flow.stamp, flow))
        heapify(ends_at_cap)
        heapify(ends_at_fair_rate)

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
        now_s, next_s = self._at_s, self._next_step_s
        ends = self._ends_at_cap
        while ends and ends[0][2] != ends[0][3].stamp:
            heappop(ends)
        if ends and ends[0][0] < next_s:
            next_s = ends[0][0]
        ends = self._ends_at_fair_rate
        while ends and ends[0][2] != ends[0][3].stamp:
            heappop(ends)
        if ends:
            end_s = now_s + (ends[0][0] - self._virtual_bytes) / self._fair_rate
            if end_s < next_s:
                next_s = end_s
        if next_s < self._wake_s:
            self._wake_s = next_s
            Timeout(self.env, max(next_s - now_s, 0.0)).callbacks.append(self._wake)

    def _wake(self, _: Event) -> None:
        now_s = self.env.now
        if now_s + _SLACK * (1.0 + now_s) < self._wake_s:
            return  # meant for something that has changed since
        self._wake_s = math.inf
        self._catch_up(now_s)
        self._share()

    # -- rates of the flows ----------------------------------------------------------------------

    def _find_fair_rate(self) -> None:
        """Move the border between the flows at their cap and those at the fair rate."""
        flows, n_capped, capped_sum = self._flows, self._n_capped, self._capped_sum
        n_open, free = len(flows) - n_capped, self.capacity_bytes_per_s - capped_sum
        while n_open and flows[n_capped][0] * n_open <= free:
            cap, _, flow = flows[n_capped]
            self._put_at_cap(flow, flow.left - self._virtual_bytes)
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
        load = capped_sum + free if n_open else capped_sum
        if load > self.peak_bytes_per_s:
            self.peak_bytes_per_s = load

    def _put_at_cap(self, flow: Flow, left: float) -> None:
        flow.left, flow.since_s = left, self._at_s
        flow.stamp += 1
        if flow.cap:
            end_s = self._at_s + left / flow.cap
            if end_s <= self._step_end_s:  # else caps change first
                heappush(self._ends_at_cap, (end_s, flow.number, flow.stamp, flow))

    def _put_at_fair_rate(self, flow: Flow, left: float) -> None:
        flow.left, flow.since_s = self._virtual_bytes + left, math.nan
        flow.stamp += 1
        heappush(self._ends_at_fair_rate, (flow.left, flow.number, flow.stamp, flow))

    def _left(self, flow: Flow) -> float:
        if flow.since_s == flow.since_s:  # at its cap
            left = flow.left - flow.cap * (self._at_s - flow.since_s)
        else:
            left = flow.left - self._virtual_bytes
        return left if left > 0.0 else 0.0

    def _end(self, flow: Flow, moved: float) -> None:
        """Take out a flow, which is then over."""
        index = bisect_left(self._flows, (flow.cap, flow.number))
        del self._flows[index]
        if index < self._n_capped:
            self._n_capped -= 1
            self._capped_sum -= flow.cap
        flow.stamp, flow.moved = -1, moved
        self.carried_bytes += moved
        flow.over.succeed()
