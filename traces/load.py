"""Trace files by path: one file, its runs, or a folder of files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .formats import read, read_all
from .formats.source import Source
from .recording import BandwidthRecording, Direction, NotATraceError, Recording, TraceError
from .step import StepTrace

_DIGITS = re.compile(r"([0-9]+)")


def load(path: str | Path, format: str | None = None, **options: object) -> Recording:
    """What a trace file holds. Raises TraceError with file, line and rule.

    options: those of the format (docs/traces.md), as values or as text.
    """
    return read(Source.open(path), format, **options)


def load_all(
    path: str | Path, format: str | None = None, **options: object
) -> Mapping[str, Recording]:
    """What a trace file holds, by run: "" is the one run of a file that tells none apart."""
    return read_all(Source.open(path), format, **options)


def load_bandwidth(
    path: str | Path,
    direction: Direction,
    /,
    format: str | None = None,
    **options: object,
) -> StepTrace:
    """One direction of a bandwidth recording, in bytes/s.

    The options may name a direction themselves, to declare what a file of one direction holds.
    Raises TraceError if the file does not hold it: one direction never stands in for the other.
    """
    return bandwidth_of(load(path, format, **options), path, direction)


def bandwidth_of(recording: Recording, path: str | Path, direction: Direction) -> StepTrace:
    """One direction of what a file holds, in bytes/s. Raises TraceError as load_bandwidth."""
    if not isinstance(recording, BandwidthRecording):
        raise TraceError(str(path), f"holds no bandwidth: it is a {recording.format} file")
    trace = recording.down if direction == "down" else recording.up
    if trace is None:
        raise TraceError(
            str(path),
            f"this {recording.format} file has no {direction}link; name another trace, or a "
            "ratio of the direction that it has",
        )
    return trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of one file: its recordings by run, else the error.

    is_passed_over: the error is no fault, since the file lies in a folder and is no trace.
    """

    path: Path
    recordings: Mapping[str, Recording] = field(default_factory=dict)
    error: TraceError | None = None
    is_passed_over: bool = False


def find(path: str | Path, format: str | None = None, **options: object) -> list[Found]:
    """What a file holds, or every file of a folder in natural order; nothing is raised.

    Files in a folder that are no trace are passed over. A folder without any trace is an error.
    """
    path = Path(path)
    if not path.is_dir():
        return [_found(path, format, options)]
    return find_among(in_order(path.iterdir()), path, format, **options)


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Paths by name, with numbers as numbers: client2 before client10."""
    return sorted(paths, key=lambda path: (_natural(str(path)), str(path)))


def _natural(text: str) -> list[tuple[bool, int, str]]:
    """A key of text and numbers in turn."""
    parts = _DIGITS.split(text)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def find_among(
    files: Sequence[Path], where: str | Path, format: str | None = None, **options: object
) -> list[Found]:
    """What the files of a folder or of a pattern (`where`) hold, as find says of a folder."""
    found = [_in_folder(file, format, options) for file in files]
    if not all(one.is_passed_over for one in found):
        return found
    reasons = "; ".join(f"{one.path.name}: {_rule(one)}" for one in found[:3])
    what = f"none of its {len(found)} files is a trace: {reasons}" if found else "it is empty"
    error = TraceError(str(where), f"holds no trace: {what}")
    return [*found, Found(path=Path(where), error=error)]


def _found(path: Path, format: str | None, options: Mapping[str, object]) -> Found:
    try:
        return Found(path=path, recordings=load_all(path, format, **options))
    except TraceError as error:
        return Found(path=path, error=error)


def _in_folder(path: Path, format: str | None, options: Mapping[str, object]) -> Found:
    if path.is_dir() or path.name.startswith("."):
        what = "a folder in a folder" if path.is_dir() else "a hidden file"
        error: TraceError = NotATraceError(str(path), what)
        return Found(path=path, error=error, is_passed_over=True)
    found = _found(path, format, options)
    if isinstance(found.error, NotATraceError):
        return Found(path=path, error=found.error, is_passed_over=True)
    return found


def _rule(found: Found) -> str:
    return found.error.rule[:60] if found.error else ""
