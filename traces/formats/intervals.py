"""How long each row of a log lasts: from instants, ends, durations or a fixed step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

USUAL_STEPS_IN_A_GAP = 5.0
"""A step this many times longer than the usual one is a gap, unless max_gap_s says otherwise."""

GOES_BACK = "must not go back"
"""How the rule begins that a time before the one of the row before breaks."""

_LARGEST_SHARE_OF_DOUBLES = 1 / 3
_CLOCK_STEP_S = 1.0
_SHARE_OF_CLOCK_STEPS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Seconds that each row lasts, and what was found on the way.

    edges_s: (n + 1,) the rows' own edges where nothing was cut out; None otherwise.
    """

    lengths_s: Sequence[float]
    edges_s: Sequence[float] | None = None
    gaps_s: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()


def from_instants(starts_s: Sequence[float], max_gap_s: float | None) -> Intervals:
    """Each row lasts until the next one, the last as long as the one before.

    Before a gap a row lasts as long as usual and the rest is cut out. Rows of one instant share
    their interval evenly. Raises ValueError, with the row's index, where time goes back.
    """
    starts_s, n_back = without_clock_steps(starts_s)
    warnings = clock_warning(n_back)
    usual_s = usual_step_s(starts_s)
    limit_s = _gap_limit_s(usual_s, max_gap_s)
    lengths_s, gaps_s, n_doubles = _lengths(starts_s, usual_s, limit_s)
    if n_doubles:
        if n_doubles > _LARGEST_SHARE_OF_DOUBLES * len(starts_s):
            raise ValueError(
                f"{n_doubles} of {len(starts_s)} rows repeat the time of the row before: several "
                "recordings in one file need run=COLUMN, evenly spaced rows step_s=SECONDS"
            )
        some = "1 row repeats" if n_doubles == 1 else f"{n_doubles} rows repeat"
        warnings.append(f"{some} the time of the row before: they share its interval")
    if gaps_s:
        warnings.append(gap_warning(gaps_s, f" of more than {limit_s:g} s (max_gap_s)"))
    is_whole = not (gaps_s or n_doubles)
    return Intervals(
        lengths_s=lengths_s,
        edges_s=[*starts_s, starts_s[-1] + lengths_s[-1]] if is_whole else None,
        gaps_s=tuple(gaps_s),
        warnings=tuple(warnings),
    )


def usual_step_s(starts_s: Sequence[float]) -> float:
    """The median step between rows, the lower one of two. Raises ValueError without a step."""
    steps_s = sorted(after - before for before, after in pairwise(starts_s) if after > before)
    if not steps_s:
        raise ValueError(
            "one row without an end column, or rows of one time, have no duration: give step_s"
        )
    return steps_s[(len(steps_s) - 1) // 2]


def _gap_limit_s(usual_s: float, max_gap_s: float | None) -> float:
    if max_gap_s is None:
        return USUAL_STEPS_IN_A_GAP * usual_s
    if max_gap_s < usual_s:
        raise ValueError(f"max_gap_s must be at least the usual step of {usual_s:g} s")
    return max_gap_s


def _lengths(
    starts_s: Sequence[float], usual_s: float, limit_s: float
) -> tuple[list[float], list[float], int]:
    """Seconds a row, the gaps, and how many rows repeat the time of the row before."""
    lengths_s: list[float] = []
    gaps_s: list[float] = []
    n_same, n_doubles, last_s = 1, 0, usual_s
    for index, start_s in enumerate(starts_s):
        is_last = index + 1 == len(starts_s)
        step_s = last_s if is_last else starts_s[index + 1] - start_s
        if step_s == 0.0:
            n_same, n_doubles = n_same + 1, n_doubles + 1
            continue
        if step_s > limit_s * (1.0 + 1e-9):
            gaps_s.append(step_s - usual_s)
            step_s = usual_s
        lengths_s += [step_s / n_same] * n_same
        n_same, last_s = 1, step_s
    return lengths_s, gaps_s, n_doubles


def without_clock_steps(stamps_s: Sequence[float]) -> tuple[Sequence[float], int]:
    """Stamps with rare steps back of at most a second taken out of all later ones; their number.

    The row that stepped back then repeats the stamp of the row before. Raises ValueError, with
    the row's index, for a longer step, and where more than 1 % of the rows step back or time
    does not go on elsewhere.
    """
    backs = [(i, a - b) for i, (b, a) in enumerate(pairwise(stamps_s), 1) if a < b]
    if not backs:
        return stamps_s, 0
    n_on = sum(after > before for before, after in pairwise(stamps_s))
    is_rare = len(backs) <= max(1, int(_SHARE_OF_CLOCK_STEPS * len(stamps_s))) and n_on > len(backs)
    for index, step_s in backs:
        if -step_s > _CLOCK_STEP_S or not is_rare:
            raise ValueError(f"{GOES_BACK}, here by {-step_s:g} s", index)
    shifts = dict(backs)
    shift_s, settled = 0.0, []
    for index, stamp_s in enumerate(stamps_s):
        shift_s -= shifts.get(index, 0.0)
        settled.append(stamp_s + shift_s)
    return settled, len(backs)


def from_ends(
    starts_s: Sequence[float], ends_s: Sequence[float], end: str, may_have_gaps: bool
) -> Intervals:
    """Each row lasts from its start to its end; time between rows is a gap.

    Raises ValueError, with the row's index, for a row that ends before it starts, or starts
    before the one before it ends. end: the column of the ends, for the message.
    """
    gaps_s = []
    for index, (start_s, end_s) in enumerate(zip(starts_s, ends_s, strict=True)):
        if end_s <= start_s:
            raise ValueError("must increase, and each row end after it starts", index)
        if not index:
            continue
        gap_s = start_s - ends_s[index - 1]
        if abs(gap_s) > 1e-6 * max(1.0, abs(start_s)):
            if gap_s < 0.0 or not may_have_gaps:
                raise ValueError(f"must be the {end} of the row before", index)
            gaps_s.append(gap_s)
        elif start_s <= starts_s[index - 1]:
            raise ValueError("must increase, and each row end after it starts", index)
    lengths_s = [end_s - start_s for start_s, end_s in zip(starts_s, ends_s, strict=True)]
    if gaps_s:
        told = gap_warning(gaps_s, " between a row's end and the next one's start")
        return Intervals(lengths_s=lengths_s, gaps_s=tuple(gaps_s), warnings=(told,))
    return Intervals(lengths_s=lengths_s, edges_s=[*starts_s, ends_s[-1]])


def gap_warning(gaps_s: Sequence[float], what: str = "") -> str:
    """What to say of stretches that were cut out."""
    some = "1 gap" if len(gaps_s) == 1 else f"{len(gaps_s)} gaps"
    be = "was" if len(gaps_s) == 1 else "were"
    total = f"{sum(gaps_s):g} s in all" if len(gaps_s) > 1 else f"{gaps_s[0]:g} s"
    return f"{some}{what}, {total}, {be} not measured and {be} cut out"


def clock_warning(n_back: int) -> list[str]:
    """What to say of a clock that stepped back `n_back` times."""
    if not n_back:
        return []
    often = "once" if n_back == 1 else f"{n_back} times"
    return [f"the clock went back by up to a second {often}: the rows there were spread evenly"]
