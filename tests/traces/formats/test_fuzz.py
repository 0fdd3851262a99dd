"""Mutated files: each reads as a valid trace or is refused by one clear TraceError."""

import pickle  # noqa: TID251  (some of the files are pickles)
import re
import resource
from collections.abc import Callable
from time import monotonic

import numpy as np
import pytest

from traces.describe import describe
from traces.formats import read
from traces.formats.source import Source
from traces.recording import TraceError

N_FAST, N_SLOW = 5_000, 20_000
LONGEST_S = 5.0
MEMORY_KBYTES = 300_000

ODD = (
    *("nan", "inf", "-1", "1e400", "9" * 30, "9" * 5000, "-0", "", "0x10", "1_0", "١٢", "NaN"),
    *("true", "null", "[]", "{}", "1e308", "\x00", "½", "-", "1;2", '"', "99999999999999"),
)

ONE_LINE = re.compile(r"(some\.log:[1-9][0-9]*: .{5,})?")

Mutation = Callable[[bytes, np.random.Generator], bytes]


def _truncated(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(rng.integers(0, len(data) + 1))]


def _shuffled(data: bytes, rng: np.random.Generator) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join(lines[int(i)] for i in rng.permutation(len(lines)))


def _binary(data: bytes, rng: np.random.Generator) -> bytes:
    content = bytearray(data or b"x")
    for _ in range(int(rng.integers(1, 6))):
        content[int(rng.integers(len(content)))] = int(rng.integers(256))
    return bytes(content)


def _random_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    return rng.bytes(int(rng.integers(0, 200)))


def _odd_number(data: bytes, rng: np.random.Generator) -> bytes:
    numbers = list(re.finditer(rb"\d[\d.]*", data))
    if not numbers:
        return data
    where = numbers[int(rng.integers(len(numbers)))]
    odd = ODD[int(rng.integers(len(ODD)))].encode()
    return data[: where.start()] + odd + data[where.end() :]


def _wrong_unit(data: bytes, rng: np.random.Generator) -> bytes:
    zeros = b"0" * int(rng.integers(1, 12))
    return re.sub(rb"(\d+)(?=[\s,\]}])", rb"\g<1>" + zeros, data)


def _crlf(data: bytes, rng: np.random.Generator) -> bytes:
    return data.replace(b"\n", b"\r\n" if rng.random() < 0.5 else b"\r")


def _byte_order_mark(data: bytes, rng: np.random.Generator) -> bytes:
    mark = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")[int(rng.integers(3))]
    return mark + data


def _repeated(data: bytes, rng: np.random.Generator) -> bytes:
    lines = data.split(b"\n")
    where = int(rng.integers(len(lines)))
    return b"\n".join(lines[:where] + [lines[where]] * int(rng.integers(2, 50)) + lines[where:])


def _dropped_field(data: bytes, rng: np.random.Generator) -> bytes:
    words = re.split(rb"([\s,]+)", data)
    del words[int(rng.integers(len(words)))]
    return b"".join(words)


def _spliced(data: bytes, rng: np.random.Generator) -> bytes:
    cut, other = sorted(int(i) for i in rng.integers(0, len(data) + 1, 2))
    return data[other:] + data[:cut]


MUTATIONS: tuple[Mutation, ...] = (
    *(_truncated, _shuffled, _binary, _random_bytes, _odd_number, _wrong_unit, _crlf),
    *(_byte_order_mark, _repeated, _dropped_field, _spliced),
)


def _pickles() -> list[bytes]:
    capacity = {7: {"computation": np.float64(183.0), "communication": 8.5}}
    behaviour = {"1": {"active": [1, 5], "inactive": [2, 9], "finish_time": 10}}
    return [pickle.dumps(data, protocol) for data in (capacity, behaviour) for protocol in (2, 4)]


def test_every_mutated_file_is_a_trace_or_one_clear_error(native: dict[str, str]) -> None:
    check(native, 20_000, N_FAST)


@pytest.mark.slow
def test_very_many_mutated_files_are_traces_or_one_clear_error(native: dict[str, str]) -> None:
    check(native, 20_001, N_SLOW)


def check(native: dict[str, str], seed: int, n_inputs: int) -> None:
    """Read as many mutated files, none of which may do harm."""
    rng = np.random.default_rng(seed)
    samples = [text.encode() for text in native.values()] + _pickles()
    formats = [None, *native]
    n_traces = n_errors = 0
    before_kbytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(n_inputs):
        content = samples[int(rng.integers(len(samples)))]
        for _ in range(int(rng.integers(1, 4))):
            content = MUTATIONS[int(rng.integers(len(MUTATIONS)))](content, rng)
        format = formats[int(rng.integers(len(formats)))] if rng.random() < 0.2 else None
        started_s = monotonic()
        message = ""
        try:
            describe(read(Source("some.log", content), format))
            n_traces += 1
        except TraceError as error:
            message = str(error)
            n_errors += 1
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} for {content!r}") from error
        assert ONE_LINE.fullmatch(message), (content, message)
        assert monotonic() - started_s < LONGEST_S, content
    grown_kbytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kbytes
    assert grown_kbytes < MEMORY_KBYTES
    assert min(n_traces, n_errors) > n_inputs // 20  # both outcomes were really met
