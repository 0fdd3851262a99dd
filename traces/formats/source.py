"""A file's content as bytes, text, rows, JSON and numbers. Errors name file, line and rule."""

from __future__ import annotations

import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from traces.recording import NotATraceError, TraceError
from traces.step import EndRule, StepTrace, from_amounts

from . import plain_pickle

MAX_BYTES = 512 * 2**20
"""Largest file, and largest unpacked .gz, that is read into memory."""

_FREE_BYTES = 64 * 2**20
_MAX_RATIO = 100
"""An unpacked .gz beyond _FREE_BYTES may have so many times the bytes of the file."""

_HEAD_BYTES = 4096


@dataclass(frozen=True)
class Source:
    """A file's name (for messages) and its content, unpacked if it was gzip."""

    path: str
    data: bytes

    @classmethod
    def open(cls, path: str | Path) -> Source:
        """Read a file. Raises TraceError if it cannot be read, is no regular file (a pipe may never
        end) or is too large."""
        most = MAX_BYTES
        if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
            raise TraceError(str(path), "must be a regular file")
        try:
            with Path(path).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            if data[:2] == b"\x1f\x8b":
                most = min(MAX_BYTES, max(_FREE_BYTES, _MAX_RATIO * len(data)))
                with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                    data = packed.read(most + 1)
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise TraceError(str(path), f"cannot be read: {reason}") from None
        if len(data) > most:
            raise TraceError(
                str(path),
                f"must be at most {MAX_BYTES} bytes, and unpacked at most {_FREE_BYTES} bytes or "
                f"{_MAX_RATIO} times the file",
            )
        return cls(str(path), data)

    def error(self, rule: str, line: int = 1) -> TraceError:
        """The exception to raise about a line of this file."""
        return TraceError(self.path, rule, line)

    @contextmanager
    def naming(self, what: str, line: int = 1) -> Iterator[None]:
        """Turn a ValueError into a TraceError about `what`; a TraceError is left as it is."""
        try:
            yield
        except TraceError:
            raise
        except ValueError as error:
            raise self.error(f"{what} {error}".lstrip(), line) from None

    @cached_property
    def text(self) -> str:
        """The content as UTF-8 with plain newlines and no byte order mark.

        Raises NotATraceError if it is binary.
        """
        try:
            text = self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise NotATraceError(self.path, "is not UTF-8 text", line) from None
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            raise NotATraceError(self.path, "holds a NUL byte: binary, not text", line)
        return text.replace("\r\n", "\n").replace("\r", "\n")

    @cached_property
    def first_lines(self) -> list[str]:
        """The lines within the first 4096 bytes, without one that is cut off."""
        text = self.data[:_HEAD_BYTES].decode("utf-8-sig", errors="replace")
        lines = text.splitlines()
        if len(self.data) > _HEAD_BYTES and len(lines) > 1:
            lines.pop()
        return lines

    @cached_property
    def head(self) -> list[list[str]]:
        """Words of the first lines that are not blank (at most 8)."""
        return [line.split() for line in self.first_lines if line.strip()][:8]

    def rows(self) -> list[tuple[int, list[str]]]:
        """Line number and whitespace-separated words of each line that is not blank."""
        split = ((no, line.split()) for no, line in enumerate(self.text.split("\n"), 1))
        found = [(no, words) for no, words in split if words]
        if not found:
            raise self.error("the file is empty")
        return found

    @cached_property
    def json(self) -> Any:
        """The content as JSON without NaN and infinities. Raises TraceError."""
        try:
            return json.loads(self.text, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            raise self.error(f"is not JSON: {error.msg}", error.lineno) from None
        except (ValueError, RecursionError) as error:
            raise self.error(f"is not usable JSON: {str(error)[:80]}") from None

    @cached_property
    def mapping(self) -> dict[object, object] | None:
        """The content as a dictionary, from JSON or a pickle of plain data; None if neither.

        Raises TraceError if it begins as one and is broken, or its keys are not names or numbers.
        """
        if self.data[:1] == b"\x80":
            content = self._unpickled()
        elif self.text.lstrip()[:1] == "{":
            content = self.json
        else:
            return None
        if not isinstance(content, dict):
            raise self.error(f"must hold a dictionary, got a {type(content).__name__}")
        if not all(_is_name(key) for key in content):
            raise self.error("keys must be names or whole numbers")
        return content

    @property
    def first_value(self) -> object:
        """The first value of the mapping; None without one."""
        return next(iter((self.mapping or {}).values()), None)

    def by_name(self, what: str) -> dict[str, object]:
        """The mapping by its keys as text. Raises TraceError if it is none or empty.

        what: an entry, for the message.
        """
        if not self.mapping:
            raise self.error(f"must be a dictionary of at least one {what}")
        return {str(key): value for key, value in self.mapping.items()}

    def steps(self, steps: Iterable[tuple[float, float]]) -> StepTrace:
        """The trace of (seconds, amount) pairs, one interval after the other."""
        lengths_s, amounts = zip(*steps, strict=True)
        return self.trace(list(accumulate(lengths_s, initial=0.0)), amounts)

    def _unpickled(self) -> object:
        with self.naming(""):
            return plain_pickle.loads(self.data)

    def number(
        self, value: object, what: str, line: int = 1, low: float = 0.0, high: float = 1e15
    ) -> float:
        """A finite number within [low, high] from text or JSON. Raises TraceError."""
        try:
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise ValueError
            if isinstance(value, str) and "_" in value:
                raise ValueError
            number = float(value)
        except (ValueError, OverflowError):
            got = repr(value[:40]) if isinstance(value, str) else f"a {type(value).__name__}"
            raise self.error(f"{what} must be a number, got {got}", line) from None
        if not (math.isfinite(number) and low <= number <= high):
            raise self.error(f"{what} must be in {low:g}..{high:g}, got {number:g}", line)
        return number

    def trace(
        self, edges_s: ArrayLike, amounts: ArrayLike, end_rule: EndRule = "loop"
    ) -> StepTrace:
        """A StepTrace of this file's numbers; a construction error becomes a TraceError."""
        with self.naming(""):
            return from_amounts(edges_s, amounts, end_rule=end_rule)


def _is_name(key: object) -> bool:
    """Whether a key is a short text or a whole number of at most 19 digits."""
    return len(key) < 200 if isinstance(key, str) else isinstance(key, int) and abs(key) < 10**19


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is not a number")
