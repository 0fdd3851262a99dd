"""What one attempt showed, and the table of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .world import Target, World

Verdict = Literal["same bytes", "one line", "wrong"]
"""The same command then gave the same bytes; it refused with one clear line and exit status 2; or
neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """fault, target: what was done to which command. told: what went wrong."""

    fault: str
    target: str
    verdict: Verdict
    told: str = ""


def is_one_line(errors: str) -> bool:
    """Whether a refusal is one clear line, after those of progress and warnings."""
    last = errors.strip().splitlines()[-1:] or [""]
    return last[0].startswith("fedadapter: ") and "Traceback" not in errors


def judge_again(
    world: World, target: Target, expected: dict[str, bytes], fault: str, before: dict[str, bytes]
) -> Outcome:
    """Repeat the target's command after a fault, and judge what it makes.

    before: the stored files that were whole after the fault; none may be lost or change.
    """
    status, errors = world.run(target.command)
    wrong = ""
    if status == 2 and is_one_line(errors) and world.content(target) == expected:
        return Outcome(fault=fault, target=target.name, verdict="one line")  # it was done already
    if status:
        wrong = f"exit status {status}: {errors[-300:]}"
    elif (found := world.content(target)) != expected:
        names = sorted(n for n in found | expected if found.get(n) != expected.get(n))
        wrong = f"other bytes: {', '.join(names)[:200]}"
    elif left := world.leftovers():
        wrong = f"left behind: {', '.join(left)[:200]}"
    elif lost := [name for name, own in before.items() if world.stored().get(name) != own]:
        wrong = f"finished work lost: {lost[0]}"
    verdict: Verdict = "wrong" if wrong else "same bytes"
    return Outcome(fault=fault, target=target.name, verdict=verdict, told=wrong)


def table(outcomes: Sequence[Outcome]) -> str:
    """A Markdown table: a row for each fault and target."""
    lines = [
        "| fault | command or file | tried | same bytes | one line, status 2 | wrong |",
        "|---|---|---|---|---|---|",
    ]
    for fault, target in sorted({(one.fault, one.target) for one in outcomes}):
        own = [one.verdict for one in outcomes if (one.fault, one.target) == (fault, target)]
        counts = [own.count(verdict) for verdict in ("same bytes", "one line", "wrong")]
        lines.append(f"| {fault} | {target} | {len(own)} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines) + "\n"
