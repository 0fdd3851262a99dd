"""Assigns slices to tracks, so that slices on a track nest or are disjoint."""

from __future__ import annotations

from collections.abc import Sequence

from .trace_events import Slice


def lanes(pieces: Sequence[Slice]) -> list[list[Slice]]:
    """Return the slices in lanes, assigned greedily by start (the longer first).

    Two slices in a lane are disjoint or nested. A client that trains for several branches at once
    needs a lane per branch.

    >>> a, b, c = (Slice(name=n, start_s=s, end_s=e) for n, s, e in
    ...            (("a", 0, 4), ("b", 1, 2), ("c", 3, 5)))
    >>> [[piece.name for piece in lane] for lane in lanes([a, b, c])]
    [['a', 'b'], ['c']]
    """
    placed: list[list[Slice]] = []
    open_ends: list[list[float]] = []
    for piece in sorted(pieces, key=lambda p: (p.start_s, -p.end_s)):
        at = next((i for i, ends in enumerate(open_ends) if _has_room(ends, piece)), len(placed))
        if at == len(placed):
            placed.append([])
            open_ends.append([])
        placed[at].append(piece)
        open_ends[at].append(piece.end_s)
    return placed


def _has_room(ends: list[float], piece: Slice) -> bool:
    """Whether the slice is nested in or after the open slices; removes slices that have ended."""
    while ends and ends[-1] <= piece.start_s:
        ends.pop()
    return not ends or piece.end_s <= ends[-1]
