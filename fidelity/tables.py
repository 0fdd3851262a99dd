"""The errors of worlds as Markdown tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from .comparison import ArmError, errors, order_agreement, read_world
from .prediction import VARIANTS

_HEADER_BYTES, _SEGMENT_BYTES = 66, 1448

_HEAD = (
    *("world", "arm", "rounds", "measured, s", "predicted, s", "total", "round, median"),
    *("round, 90 %", "noise", "given computing", "down", "computing", "up"),
)


def error_table(worlds: Mapping[str, Sequence[ArmError]], variant: str) -> str:
    """One row for each world and arm."""
    rows = [
        (
            *(world, one.arm, str(one.n_rounds)),
            *(f"{one.measured_s:.2f}", f"{one.predicted_s:.2f}", f"{one.total:+.1%}"),
            *(f"{value:.1%}" for value in (one.round_median, one.round_p90)),
            f"{one.noise:.1%}" if one.n_repeats > 1 else "–",
            f"{one.given_compute:.1%}",
            *(f"{value:+.1%}" for value in one.stages),
        )
        for world, found in worlds.items()
        for one in found
        if one.variant == variant
    ]
    return _markdown(_HEAD, rows)


def order_table(worlds: Mapping[str, Sequence[ArmError]]) -> str:
    """Kendall's tau of the arms' seconds a round, by world and variant."""
    rows = [
        (world, *(f"{order_agreement(found, name):.2f}" for name in VARIANTS))
        for world, found in worlds.items()
        if len({one.arm for one in found}) > 1
    ]
    return _markdown(("world", *(f"tau, {name}" for name in VARIANTS)), rows)


def wire_table(directories: Sequence[Path]) -> str:
    """Bytes that the clients' links carried in both directions, beside the transport's.

    A segment of 1448 bytes has 66 of headers, and every second one is acknowledged by 66 more.
    """
    rows = [
        _wire_row(directory, arm, [one["wire_bytes"] for one in own])
        for directory in directories
        for arm, own in json.loads((directory / "profile.json").read_text(encoding="utf-8")).items()
    ]
    head = ("world", "arm", "payload, MB", "as modelled, MB", "on the wire, MB", "error")
    return _markdown(head, rows)


def _wire_row(
    directory: Path, arm: str, wire_bytes: Sequence[Sequence[Sequence[int]]]
) -> tuple[str, ...]:
    """wire_bytes: by run and cable, sent and received; the clients' cables come first."""
    measured, _ = read_world(directory)
    runs = measured.filter(measured["arm"] == arm)
    n_clients = runs["client"].n_unique()
    carried = [sum(map(sum, one[:n_clients])) for one in wire_bytes]
    mean = sum(carried) / len(carried)
    done = runs.filter(runs["outcome"] == "done")
    payload = int((done["bytes"] + done["up_bytes"]).sum()) / len(carried)
    told = payload * (1.0 + 1.5 * _HEADER_BYTES / _SEGMENT_BYTES)
    megabytes = (f"{value / 1e6:.3f}" for value in (payload, told, mean))
    return (directory.name, arm, *megabytes, f"{told / mean - 1:+.1%}")


def variant_table(worlds: Mapping[str, Sequence[ArmError]]) -> str:
    """Total error, and the median error of a round given computing, by arm and variant."""
    rows = [
        (world, arm, *(f"{one.total:+.1%}, {one.given_compute:.1%}" for one in own))
        for world, found in worlds.items()
        for arm in dict.fromkeys(one.arm for one in found)
        if (
            own := [
                one for name in VARIANTS for one in found if (one.arm, one.variant) == (arm, name)
            ]
        )
    ]
    return _markdown(
        ("world", "arm", *(f"{name}: total, given computing" for name in VARIANTS)), rows
    )


def found_in(directories: Sequence[Path]) -> dict[str, list[ArmError]]:
    """The errors of each world, by the name of its directory."""
    return {directory.name: errors(*read_world(directory)) for directory in directories}


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
