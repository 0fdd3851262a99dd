"""Counts what became of the inputs of each kind."""

from __future__ import annotations

import resource
import signal
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType

import numpy as np

from .kind import REFUSALS, Kind
from .tree import TWO_LINES

MOST_MB = 500.0
_HANGING_S = 20.0


class _Hangs(BaseException):
    """An input took _HANGING_S seconds of processor time."""


@dataclass
class Tally:
    """`defects`: a line each, with the number of the input. `mb`: growth of the peak memory."""

    kind: str
    counts: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    mb: float = 0.0
    defects: list[str] = field(default_factory=list)


def attempt(kind: Kind, seed: int, number: int, tally: Tally) -> None:
    """Try one input, which the seed and its number decide, and count what became of it."""
    rng = random_numbers(kind, seed, number)
    begun_s, before_mb, wrong = time.process_time(), peak_mb(), ""
    signal.setitimer(signal.ITIMER_PROF, _HANGING_S)
    try:
        tally.counts[kind.attempt(rng) or "accepted"] += 1
    except REFUSALS as error:
        told = str(error).replace(TWO_LINES, "")  # quoted; the command line joins lines
        tally.counts["refused"] += 1
        if "\n" in told.strip() or len(told) < 5:
            wrong = f"not one clear line: {told!r:.300}"
    except (Exception, _Hangs) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        wrong = f"{type(error).__name__}: {error!s:.200} ({where.filename}:{where.lineno})"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds, grown_mb = time.process_time() - begun_s, peak_mb() - before_mb
    tally.slowest_s, tally.mb = max(tally.slowest_s, seconds), tally.mb + grown_mb
    if not wrong and seconds > kind.most_s:
        wrong = f"took {seconds:.1f} s"
    if not wrong and grown_mb > MOST_MB:
        wrong = f"took {grown_mb:.0f} MB"
    if wrong:
        tally.counts["wrong"] += 1
        tally.defects.append(f"{kind.name}, seed {seed}, input {number}: {wrong}")


def random_numbers(kind: Kind, seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(kind.name.encode()), number])


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def watch_for_hanging() -> None:
    """Raise in an input that takes too much processor time (pure Python code alone notices)."""

    def hangs(number: int, frame: FrameType | None) -> None:
        raise _Hangs(f"more than {_HANGING_S:g} s")

    signal.signal(signal.SIGPROF, hangs)


def table(tallies: Sequence[Tally]) -> str:
    """A Markdown table: a row for each kind of input."""
    lines = [
        "| input | tried | accepted | of these started | refused in one line | wrong "
        "| slowest | peak memory |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in tallies:
        n_started, n_wrong = one.counts["started"], one.counts["wrong"]
        n_accepted = one.counts["accepted"] + n_started
        counts = (one.counts.total(), n_accepted, n_started, one.counts["refused"], n_wrong)
        cells = " | ".join(f"{count:,}" for count in counts)
        lines.append(f"| {one.kind} | {cells} | {one.slowest_s:.2f} s | +{one.mb:.0f} MB |")
    return "\n".join(lines) + "\n"
