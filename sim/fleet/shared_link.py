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
from heapq import heappop, heappush

from simpy import Environment, Event, Timeout

from traces.step import StepTrace
from traces.step_means import means

_SLACK = 1e-12
"""Relative slack at which an instant counts as reached: sums of floats miss it by last places."""

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

    def __init__(
        self,
        link: SharedLink,
        number: int,
        caps: Iterator[float],
        n_bytes: float,
    ) -> None:
        self._link, self.number = link, number
        self.caps, self.cap = caps, 0.0  # caps: of the link's coming steps, one after the other
        self.n_bytes = self.left = n_bytes
        self.over: Event = link.env.event()
        self.moved = 0.0
        self.since_s = math.nan  # nan: at the fair rate, and `left` is the virtual time of its end
        self.stamp = 0

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
        self._flows: list[tuple[float, int, Flow]] = []  # by cap; the first `_n_capped` move at it
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
            self._end(flow, n_bytes)
            return flow
        flow.cap = next(caps)
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
        self._catch_up(self.env.now)
        if not flow.over.triggered:
            moved = flow.n_bytes - self._left(flow)
            self._remove(flow)
            self._end(flow, moved)
            self._share_at_end_of_instant()

    # -- as time passes -------------------------------------------------------------------------

    def _catch_up(self, now_s: float) -> None:
        """Bring virtual time, the caps and the flows that are through up to now."""
        if self._fair_rate < math.inf:
            self._virtual_bytes += self._fair_rate * (now_s - self._at_s)
        self._at_s = now_s
        slack_s = _SLACK * (1.0 + now_s)
        if self._ends_at_cap:
            self._finish(self._ends_at_cap, now_s + slack_s)
        if self._ends_at_fair_rate and self._fair_rate < math.inf:
            self._finish(self._ends_at_fair_rate, self._virtual_bytes + self._fair_rate * slack_s)
        step_no = math.floor((now_s + slack_s) / self.step_s)
        if step_no != self._step_no:
            self._step_no, self._next_step_s = step_no, (step_no + 1) * self.step_s
            self._step_end_s = self._next_step_s + 2.0 * _SLACK * (1.0 + self._next_step_s)
            self._renew_caps()

    def _finish(self, heap: _Heap, reached: float) -> None:
        while heap and heap[0][0] <= reached:
            _, _, stamp, flow = heappop(heap)
            if stamp == flow.stamp:
                self._remove(flow)
                self._end(flow, flow.n_bytes)

    def _renew_caps(self) -> None:
        """A step begins: every cap may be another."""
        self._ends_at_cap, self._ends_at_fair_rate = [], []
        renewed = []
        for _, number, flow in self._flows:
            flow.left = self._left(flow)
            flow.cap = cap = next(flow.caps)
            renewed.append((cap, number, flow))
        renewed.sort()
        self._flows = renewed
        self._virtual_bytes, n_open, spent = 0.0, len(renewed), 0.0
        for cap, _, flow in renewed:
            if cap * n_open > self.capacity_bytes_per_s - spent:
                break
            self._put_at_cap(flow, flow.left)
            n_open -= 1
            spent += cap
        self._n_capped, self._capped_sum = len(renewed) - n_open, spent
        for _, _, flow in renewed[self._n_capped :]:
            self._put_at_fair_rate(flow, flow.left)

    def _share_at_end_of_instant(self) -> None:
        """Share the capacity once for all flows that start or stop at this instant."""
        if not self._is_changed:
            self._is_changed = True
            Timeout(self.env, 0.0).callbacks.append(lambda _: self._share())

    def _share(self) -> None:
        """Find the fair rate, and wake up when the next flow ends or the caps change."""
        self._is_changed = False
        self._find_fair_rate()
        if not self._flows:
            return
        now_s, next_s = self._at_s, self._next_step_s
        for heap in (self._ends_at_cap, self._ends_at_fair_rate):
            while heap and heap[0][2] != heap[0][3].stamp:
                heappop(heap)
        if self._ends_at_cap and self._ends_at_cap[0][0] < next_s:
            next_s = self._ends_at_cap[0][0]
        if self._ends_at_fair_rate:
            left = self._ends_at_fair_rate[0][0] - self._virtual_bytes
            next_s = min(next_s, now_s + left / self._fair_rate)
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
        flows, n = self._flows, len(self._flows)
        free = self.capacity_bytes_per_s - self._capped_sum
        while self._n_capped < n and flows[self._n_capped][0] * (n - self._n_capped) <= free:
            cap, _, flow = flows[self._n_capped]
            self._put_at_cap(flow, flow.left - self._virtual_bytes)
            self._n_capped += 1
            self._capped_sum += cap
            free -= cap
        while self._n_capped:
            cap, _, flow = flows[self._n_capped - 1]
            if cap * (n - self._n_capped + 1) <= (free + cap) * (1.0 + _SLACK):
                break
            self._put_at_fair_rate(flow, self._left(flow))
            self._n_capped -= 1
            self._capped_sum -= cap
            free += cap
        n_open = n - self._n_capped
        self._fair_rate = free / n_open if n_open else math.inf
        load = self._capped_sum + (free if n_open else 0.0)
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

    def _remove(self, flow: Flow) -> None:
        index = bisect_left(self._flows, (flow.cap, flow.number))
        del self._flows[index]
        if index < self._n_capped:
            self._n_capped -= 1
            self._capped_sum -= flow.cap

    def _end(self, flow: Flow, moved: float) -> None:
        flow.stamp = -1
        flow.moved = moved
        self.carried_bytes += moved
        flow.over.succeed()
