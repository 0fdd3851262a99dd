"""A reader of pickles that hold plain data only, as FedScale publishes its traces.

A pickle is a program. This reader runs a small part of the language: numbers, text, lists,
dictionaries, tuples, and the two calls by which numpy writes a scalar, which are answered by
code here. No class or function is ever looked up, so nothing in the file can run.

It is the pure-Python unpickler on purpose: the one in C sizes its memory by numbers in the file.
"""

from __future__ import annotations

import io
import pickle  # noqa: TID251  (the one restricted reader)
import struct
from collections.abc import Callable
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
    (number,) = np.frombuffer(data, dtype=dtype.order + dtype.code).tolist()
    return float(number)


def _encode(text: str, _encoding: str) -> bytes:
    return text.encode("latin-1")


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


def loads(data: bytes) -> object:
    """The plain data of a pickle. Raises ValueError for anything else, without running it."""
    try:
        loaded: object = _PlainUnpickler(io.BytesIO(data)).load()
    except _BROKEN as error:
        reason = str(error)[:120].replace("\n", " ") or type(error).__name__
        raise ValueError(f"is not a pickle of plain data: {reason}") from None
    return loaded
