"""Mutations that keep a file's structure: JSON with odd values, tables with odd cells and options.

Each input reads as recordings that can be described, or is refused by one clear TraceError.
"""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from time import monotonic
from typing import Any

import numpy as np
import pytest

from traces.describe import describe
from traces.formats import READERS, read_all
from traces.formats.options import names
from traces.formats.source import Source
from traces.recording import TraceError

N_FAST, N_SLOW = 4_000, 200_000
LONGEST_S = 2.0
ONE_LINE = re.compile(r"some\.log:[1-9][0-9]*: .{5,}")

JSON_FORMATS = (
    *("iperf3", "genet", "alphartc", "sabre", "flash", "flame"),
    *("fedscale-behaviour", "fedscale-capacity"),
)
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "x", "3", 0, 1, -1, 0.5, 1e308, 10**30, float("nan"), float("inf")),
    *([], {}, [[]], [None], {"x": {}}, "2019-10-27 02:30:00\tbattery_charged_on", "AVL_TRAIN"),
)
CELLS = (
    *("", "0", "1", "2", "1.5", "1,5", "1,500", "-1", "-5", "nan", "inf", "x", "1e9", "1e400"),
    *("2024-03-31T01:00:00Z", "2024-03-31 01:00:01.5", "1764130000000", "9" * 30, "½", '"', "#"),
)
NAMES = (
    *("t", "time", "t_ms", "Timestamp (us)", "mbps", "DL (kbps)", "ul_MiBps", "MBPS", "0", "1"),
    *("", "run", "device", "on", "off", "start_s", "end_s", "bytes_per_s", "rate", "x,y", '"q"'),
)
OPTION_VALUES = (
    *("t", "time", "mbps", "rate", "0", "1", "run", "on", "off", ",", ";", "tab", "space", "."),
    *("s", "ms", "ns", "min", "kbps", "MiB/s", "MBPS", "true", "false", "0.5", "5", "-3", "nan"),
    *("down", "up", "state", "bandwidth", "charging", "", "½", "x" * 60),
)

Input = tuple[bytes, str | None, dict[str, Any]]


def pick(rng: np.random.Generator, items: Any) -> Any:
    return items[int(rng.integers(len(items)))]


def odd_json(rng: np.random.Generator, native: dict[str, str]) -> Input:
    """A JSON sample with one to four of its values changed, dropped or repeated."""
    format = pick(rng, JSON_FORMATS)
    root = [json.loads(native[format])]
    for _ in range(int(rng.integers(1, 5))):
        holder, key = _somewhere(rng, root)
        if isinstance(holder, list) and key < len(holder) and rng.random() < 0.3:
            holder.insert(int(rng.integers(len(holder) + 1)), deepcopy(holder[key]))
        elif rng.random() < 0.3 and holder is not root:
            del holder[key]
        else:
            holder[key] = deepcopy(pick(rng, ODD_VALUES))
    named = format if rng.random() < 0.5 else None
    return json.dumps(root[0]).encode(), named, _options(rng, named)


def _somewhere(rng: np.random.Generator, root: list[Any]) -> tuple[Any, Any]:
    """A container of the tree and one of its keys."""
    holder, key = root, 0
    while isinstance(holder[key], (list, dict)) and len(holder[key]) and rng.random() < 0.8:
        holder = holder[key]
        key = pick(rng, list(holder) if isinstance(holder, dict) else range(len(holder)))
    return holder, key


def odd_table(rng: np.random.Generator, native: dict[str, str]) -> Input:
    """A table of likely and odd names, cells, delimiters and options."""
    delimiter = pick(rng, (",", ";", "\t", "|", " "))
    n_columns, n_rows = int(rng.integers(1, 5)), int(rng.integers(0, 12))
    is_plain = rng.random() < 0.6
    lines = [delimiter.join(pick(rng, NAMES) for _ in range(n_columns))]
    for row in range(n_rows):
        cells = [f"{row + i * rng.random():.3g}" for i in range(n_columns)]
        if not is_plain or rng.random() < 0.1:
            cells[int(rng.integers(n_columns))] = pick(rng, CELLS)
        if rng.random() < 0.03:
            cells.append(pick(rng, CELLS))
        lines.append(delimiter.join(cells))
    if rng.random() < 0.2:
        lines = lines[1:]
    if rng.random() < 0.1:
        lines.insert(int(rng.integers(len(lines) + 1)), pick(rng, ("", "sep=;", "# x", "\ufeff")))
    format = pick(rng, ("csv", "csv", "windows", None))
    text = pick(rng, ("\n", "\n", "\r\n")).join(lines)
    return text.encode(), format, _options(rng, format or "csv")


def odd_profile(rng: np.random.Generator, native: dict[str, str]) -> Input:
    """A SimGrid profile with its lines out of order, odd or repeated."""
    extra = ("PERIODICITY 9", "5 0", "6 1", "STOCHASTIC", "% x")
    lines = [*native["simgrid"].split("\n"), *extra]
    chosen = [pick(rng, lines) for _ in range(int(rng.integers(1, 8)))]
    if rng.random() < 0.5:
        chosen[int(rng.integers(len(chosen)))] = f"{pick(rng, CELLS)} {pick(rng, CELLS)}"
    format = pick(rng, ("simgrid", "pensieve", None))
    return "\n".join(chosen).encode(), format, _options(rng, format)


def _options(rng: np.random.Generator, format: str | None) -> dict[str, Any]:
    """Some options of a format, most of them likely, some of a wrong kind."""
    if format is None:
        return {}
    reader = READERS[format]
    known = (*names(getattr(reader, "Options", reader.read)), "nonsense")
    n_options = int(rng.integers(0, min(len(known), 6)))
    pairs = {pick(rng, known): pick(rng, (*OPTION_VALUES, *ODD_VALUES)) for _ in range(n_options)}
    if format == "csv" and rng.random() < 0.7:
        likely = {"down": pick(rng, ("1", "mbps")), "rate_unit": "mbps", "step_s": 1}
        pairs |= {name: likely[name] for name in likely if rng.random() < 0.8}
    return pairs


MAKERS: tuple[Callable[[np.random.Generator, dict[str, str]], Input], ...] = (
    *(odd_json, odd_table, odd_table, odd_profile),
)


def check(seed: int, n_inputs: int, native: dict[str, str]) -> None:
    rng = np.random.default_rng(seed)
    n_read = n_refused = 0
    for number in range(n_inputs):
        content, format, options = pick(rng, MAKERS)(rng, native)
        case = f"seed {seed}, input {number}: {content!r}, {format}, {options}"
        started_s, message = monotonic(), ""
        try:
            for recording in read_all(Source("some.log", content), format, **options).values():
                json.dumps(describe(recording), allow_nan=False)
            n_read += 1
        except TraceError as error:
            message = str(error)
            n_refused += 1
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {case}") from error
        assert not message or ONE_LINE.fullmatch(message), (case, message)
        assert monotonic() - started_s < LONGEST_S, case
    assert min(n_read, n_refused) > n_inputs // 20  # both outcomes were really met


def test_odd_structures_are_traces_or_one_clear_error(native: dict[str, str]) -> None:
    check(16, N_FAST, native)


@pytest.mark.slow
def test_very_many_odd_structures_are_traces_or_one_clear_error(native: dict[str, str]) -> None:
    check(2026, N_SLOW, native)
