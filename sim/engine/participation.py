"""A client's part in a round: download, compute, upload, through all that breaks them off."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any, Literal

from simpy import Event

from learner.spec import AddOn
from sim.fleet.link import OneWay
from sim.records import ComputeRow, DropoutRow, TransferRow
from sim.runlog import RowFile

from .client_job import Bill
from .cohort_plan import FEW, Lines
from .dispatcher import Ground, Order, task_of
from .plan import (
    COMPUTE,
    DOWN,
    UP,
    WAIT,
    Ending,
    Stretch,
    after_sharing,
    cut_off,
    look_ahead,
    sit_out,
    undisturbed,
)
from .timing import Instant

Process = Generator[Event, Any, Any]
_STAGE_NAMES: tuple[Literal["down", "compute", "up"], ...] = ("down", "compute", "up")


def begin(ground: Ground, order: Order, bill: Bill, answer: Callable[[Bill], None]) -> None:
    """Send the bill's client to work, now; `answer` is called with the bill, later, once its
    outcome is done or lost.

    Whatever breaks it off for good (going away, a dropout, `cancel`), its bytes, seconds and joules
    so far stay on the bill. A cache that was filled and a base model that has arrived stay with
    the client, for its next job.
    """
    _engage(ground, order, bill, answer)
    _plan(ground, bill, ground.env.now, DOWN, bill.task.amounts[DOWN])


def begin_together(
    ground: Ground,
    lines: Lines | None,
    order: Order,
    bills: Sequence[Bill],
    answer: Callable[[Bill], None],
) -> None:
    """As begin of one bill after the other; where links are alike, planned in one go for those
    whom nothing breaks off."""
    if lines is None or len(bills) < FEW:
        for bill in bills:
            begin(ground, order, bill, answer)
        return
    for bill in bills:
        _engage(ground, order, bill, answer)
    now_s = ground.env.now
    ids = [bill.client.shard.client_id for bill in bills]
    ends_s = lines.ends_s(ids, now_s, [bill.task.amounts for bill in bills])
    for bill, own_s in zip(bills, ends_s, strict=True):
        task, end_s = bill.task, own_s[UP]
        if end_s <= task.presence.on_until_s and end_s < math.inf and task.drop_stage > UP:
            bill.stretches = undisturbed(task, now_s, own_s)
            _follow(ground, bill, Ending("done", end_s, UP + 1), 0)
        else:  # nan compares as false
            _plan(ground, bill, now_s, DOWN, task.amounts[DOWN])


def _engage(ground: Ground, order: Order, bill: Bill, answer: Callable[[Bill], None]) -> None:
    client = bill.client
    bill.order, bill.answer = order, answer
    bill.cache = cache = client.cache_state(order.config)
    bill.task = task_of(ground, order, client, cache, bill.work_factor, bill.drop_at)


def cancel(ground: Ground, bill: Bill) -> None:
    """Break the job off, now; no effect on one that is over. Its outcome stays open, and nobody is
    answered."""
    ending, now_s = bill.ending, ground.env.now
    if ending is None:
        return
    bill.stretches = cut_off(bill.task, bill.stretches, now_s)
    if ending.kind == "shared" and ending.since_s <= now_s:
        moved = bill.flow.stop() if bill.flow is not None else 0.0
        bill.stretches.append(Stretch(ending.stage, ending.since_s, now_s, moved, "cut"))
    n_done = sum(stretch.status == "done" for stretch in bill.stretches)
    bill.answer = _nobody
    _conclude(bill, min(n_done, ending.stage))
    last = bill.stretches[-1]
    if ground.rows is not None and last.status == "cut" and last.place != WAIT:
        _tell(ground.rows, bill, last)


def _plan(ground: Ground, bill: Bill, at_s: float, stage: int, left: float) -> None:
    n_before = len(bill.stretches)
    ending = look_ahead(bill.task, bill.stretches, at_s, stage, left)
    _follow(ground, bill, ending, n_before)


def _follow(ground: Ground, bill: Bill, ending: Ending, n_before: int) -> None:
    """Be there when what was planned happens: at its end, and where the log wants each stretch
    behind the first n_before."""
    bill.ending = ending
    if ground.rows is not None:
        for stretch in bill.stretches[n_before:]:
            if stretch.place <= UP and stretch.end_s < math.inf:
                then = partial(_pass, ground.rows, bill, ending, stretch)
                Instant(ground.env, stretch.end_s, then)
    Instant(ground.env, ending.at_s, partial(_arrive, ground, bill, ending))


def _arrive(ground: Ground, bill: Bill, ending: Ending, _: Event) -> None:
    """The plan's end is now, unless the job was cancelled before."""
    if bill.ending is not ending:
        return
    match ending.kind:
        case "done":
            bill.outcome = "done"
            _conclude(bill, ending.stage)
        case "vanished":
            _lose(ground, bill, ending)
        case "away":
            back = sit_out(bill.task, bill.stretches, ending)
            if back is None:
                _lose(ground, bill, ending)
            else:
                _follow(ground, bill, back, len(bill.stretches))
        case "back":
            _plan(ground, bill, ending.at_s, ending.stage, ending.left)
        case "shared":
            _share(ground, bill, ending)
        case "stuck":
            ground.stuck[bill.client.shard.client_id] = _STAGE_NAMES[ending.stage]
        case "unknown":
            assert ending.error is not None
            raise ending.error


def _lose(ground: Ground, bill: Bill, ending: Ending) -> None:
    """The client is gone; its work in this round is lost."""
    bill.outcome = "lost"
    if ground.rows is not None:
        _tell_loss(ground.rows, bill, ending)
    _conclude(bill, ending.stage)


def _share(ground: Ground, bill: Bill, ending: Ending) -> None:
    """A transfer on the server's own link, for as long as the client is there."""
    link = bill.task.paces[ending.stage]
    assert isinstance(link, OneWay)
    assert link.server is not None
    bill.flow = link.server.begin(link.trace, link.offset_s, ending.left, ending.until_s)
    assert bill.flow.over.callbacks is not None
    bill.flow.over.callbacks.append(partial(_go_on, ground, bill, ending))


def _go_on(ground: Ground, bill: Bill, ending: Ending, _: Event) -> None:
    """The shared transfer is over."""
    if bill.ending is not ending:
        return
    assert bill.flow is not None
    moved, bill.flow = bill.flow.moved, None
    n_before = len(bill.stretches)
    following = after_sharing(bill.task, bill.stretches, ending, ground.env.now, moved)
    _follow(ground, bill, following, n_before)


def _conclude(bill: Bill, n_stages: int) -> None:
    """The job is over after so many whole stages: what stays with the client, and the answer."""
    bill.ending, bill.stage = None, n_stages
    if n_stages > DOWN:
        bill.client.has_model = True
    config = bill.order.config
    if n_stages > COMPUTE and bill.cache == "fill" and isinstance(config, AddOn):
        bill.client.cached_depth = config.depth
    # A bill that knew who keeps it would be garbage that only a collection finds: a third of a run.
    answer, bill.answer = bill.answer, _nobody
    answer(bill)


def _nobody(_: Bill) -> None:
    """Whom to answer when nobody waits."""


def _pass(rows: RowFile, bill: Bill, ending: Ending, stretch: Stretch, _: Event) -> None:
    """A planned stretch ends now, unless the job was cancelled before."""
    if bill.ending is ending:
        _tell(rows, bill, stretch)


def _tell(rows: RowFile, bill: Bill, stretch: Stretch) -> None:
    """A row for an attempt that ends."""
    client_id = bill.client.shard.client_id
    if stretch.place == COMPUTE:
        row: TransferRow | ComputeRow = ComputeRow(
            t_s=stretch.end_s,
            start_s=stretch.start_s,
            client=client_id,
            batches=bill.client.n_batches,
            cache=bill.cache,
            status=stretch.status,
        )
    else:
        row = TransferRow(
            t_s=stretch.end_s,
            start_s=stretch.start_s,
            client=client_id,
            direction="down" if stretch.place == DOWN else "up",
            bytes=round(stretch.amount),
            status=stretch.status,
        )
    rows.add(row)


def _tell_loss(rows: RowFile, bill: Bill, ending: Ending) -> None:
    rows.add(
        DropoutRow(
            t_s=ending.at_s,
            client=bill.client.shard.client_id,
            stage=_STAGE_NAMES[ending.stage],
            reason="vanished" if ending.kind == "vanished" else "offline",
        )
    )
