"""A reader of pickles that hold plain data only, as FedScale publishes its traces.

A pickle is a program. This reader runs a small part of the language: numbers, text, lists,
dictionaries, tuples, and the two calls by which numpy writes a scalar, which are answered by
code here. No class or function is ever looked up, so nothing in the file can run.

It is the pure-Python unpickler on purpose: the one in C sizes its memory by numbers in the file.

A few bytes can stand for a huge value, since a pickle may use one value again and again. What is
read is therefore measured as if nothing were shared, and refused beyond a bound.
"""

from __future__ import annotations

import io
import math
import pickle  # noqa: TID251  (the one restricted reader)
import struct
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np

_OPCODES = (
    "PROTO FRAME STOP MARK POP POP_MARK DUP "
    "NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT "
    "UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 STRING BINSTRING SHORT_BINSTRING "
    "BINBYTES SHORT_BINBYTES BINBYTES8 "
    "EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT DICT SETITEM SETITEMS "
    "EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 "
    "GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE "
    "GLOBAL STACK_GLOBAL REDUCE BUILD"
)
"""The admitted part of the language, by the names that the module pickle gives its opcodes."""

_SCALAR_BYTES = 16

_FREE_UNITS = 10_000_000
_UNITS_PER_BYTE = 100
"""A pickle may expand to so many units, or to so many for each of its bytes, whichever is more. A
unit is a value, or a character of a text."""

_BROKEN = (
    *(pickle.UnpicklingError, ValueError, KeyError, IndexError, AttributeError, TypeError),
    *(EOFError, OverflowError, MemoryError, AssertionError, RecursionError, struct.error),
)


class _Dtype:
    """Stands for numpy.dtype while a scalar is read: a real number's type and byte order."""

    def __init__(self, code: str, *_: object) -> None:
        if code not in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"):
            raise ValueError("only scalars of real numbers are admitted")
        self.code, self.order = code, "<"

    def __setstate__(self, state: tuple[object, ...]) -> None:
        self.order = ">" if state[1] == ">" else "<"


def _scalar(dtype: _Dtype, data: bytes) -> float:
    _require_short(data)
    (number,) = np.frombuffer(data, dtype=dtype.order + dtype.code).tolist()
    return float(number)


def _encode(text: str, _encoding: str) -> bytes:
    _require_short(text)
    return text.encode("latin-1")


def _require_short(value: str | bytes) -> None:
    if len(value) > _SCALAR_BYTES:
        raise ValueError(f"a scalar has at most {_SCALAR_BYTES} bytes, got {len(value)}")


_ADMITTED: dict[tuple[str, str], Callable[..., object]] = {
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("_codecs", "encode"): _encode,  # how protocol 2 writes the bytes of a scalar
}


class _PlainUnpickler(pickle._Unpickler):
    dispatch = {  # noqa: RUF012  (the base class declares it so)
        code: pickle._Unpickler.dispatch[code]
        for code in (getattr(pickle, name)[0] for name in _OPCODES.split())
    }

    def find_class(self, module: str, name: str) -> Any:
        answer = _ADMITTED.get((module, name))
        if answer is None:
            raise pickle.UnpicklingError(f"it asks for {module[:40]}.{name[:40]}")
        return lambda *args: answer(*args)  # a fresh one: BUILD may set attributes on it


def _checking_keys(code: int, first: int) -> Callable[[Any], None]:
    """The action of an opcode that adds to a dictionary, after a look at its keys.

    first: where they begin on the unpickler's stack; every second entry is one.
    """
    act = pickle._Unpickler.dispatch[code]

    def checked(unpickler: Any) -> None:
        _require_plain_keys(unpickler.stack[first::2])
        act(unpickler)

    return checked


for _code, _first in ((pickle.DICT, 0), (pickle.SETITEMS, 0), (pickle.SETITEM, -2)):
    _PlainUnpickler.dispatch[_code[0]] = _checking_keys(_code[0], _first)


def _require_plain_keys(keys: Iterable[object]) -> None:
    """Tuples are no keys: to hash one of shared tuples can take for ever."""
    for key in keys:
        if not isinstance(key, str | int | float | bytes | None):
            raise ValueError(f"a key must be a text or a number, got a {type(key).__name__}")


def _n_units(value: object, known: dict[int, float]) -> float:
    """The number of values and characters in `value`, shared ones counted each time they occur.

    known: those of values by id; infinity for one that contains itself.
    """
    if isinstance(value, str | bytes):
        return 1 + len(value)
    if not isinstance(value, dict | list | tuple):
        return 1
    if id(value) not in known:
        known[id(value)] = math.inf
        parts = chain(value.keys(), value.values()) if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_n_units(part, known) for part in parts)
    return known[id(value)]


def loads(data: bytes) -> object:
    """The plain data of a pickle.

    Raises ValueError for anything else, without running it, and for a value that is far larger than
    the pickle.
    """
    try:
        loaded: object = _PlainUnpickler(io.BytesIO(data)).load()
        most = max(_FREE_UNITS, _UNITS_PER_BYTE * len(data))
        if _n_units(loaded, {}) > most:
            raise ValueError(f"it repeats its values to more than {most:,} values and characters")
    except _BROKEN as error:
        reason = str(error)[:120].replace("\n", " ") or type(error).__name__
        raise ValueError(f"is not a pickle of plain data: {reason}") from None
    return loaded
