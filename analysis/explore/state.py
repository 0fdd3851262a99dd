"""The state of the page: which run, which overrides, and what the horizontal axis shows.

A state is a query string and a command line; both read back or run as the same replay.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

AXES = ("t_s", "mbytes", "kilojoules")
"""What the horizontal axis can show; the first is the default."""

_KNOWN = ("run", "axis", "set")


@dataclass(frozen=True, slots=True)
class State:
    """`run`: the run's directory, relative to that of the page ("." for itself). `overrides`: texts
    `a.b=c`, applied in order, as with `--set`. `axis`: one of AXES."""

    run: str
    overrides: tuple[str, ...] = ()
    axis: str = AXES[0]

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise ValueError(f"axis must be one of {', '.join(AXES)}, got {self.axis!r:.40}")


def to_query(state: State) -> str:
    """The state as a query string.

    >>> to_query(State("a/seed-0000", ("rounds.deadline_s=5",)))
    '?run=a%2Fseed-0000&set=rounds.deadline_s%3D5'
    """
    axis = [("axis", state.axis)] if state.axis != AXES[0] else []
    sets = [("set", text) for text in state.overrides]
    return f"?{urlencode([('run', state.run), *axis, *sets])}"


def from_query(query: str, runs: Sequence[str]) -> State:
    """The state of a query string; `runs` are the runs of the page, the first the default.

    Raises ValueError, naming the key, for a key or a value that is not known.
    """
    pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True)
    for key, _ in pairs:
        if key not in _KNOWN:
            raise ValueError(f"the link must have keys of {', '.join(_KNOWN)}, got {key!r:.40}")
    single = {key: value for key, value in pairs if key != "set"}
    run = single.get("run", runs[0])
    if run not in runs:
        raise ValueError(f"run must be one of the page's runs ({runs[0]}, ...), got {run!r:.100}")
    overrides = tuple(value for key, value in pairs if key == "set")
    return State(run, overrides, single.get("axis", AXES[0]))


def command_line(directory: Path, state: State) -> str:
    """The command that replays the state; `directory`: of the page.

    >>> command_line(Path("runs/demo"), State("a b/seed-0000", ("rounds.deadline_s=5",)))
    "fedadapter replay 'runs/demo/a b/seed-0000' --set rounds.deadline_s=5"
    """
    return shlex.join(["fedadapter", "replay", str(directory / state.run), *_options(state)])


def _options(state: State) -> Iterator[str]:
    for text in state.overrides:
        yield from ("--set", text)
