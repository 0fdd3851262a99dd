"""Programs in the language of pickles: random opcodes, and changed ones of valid pickles."""

from __future__ import annotations

import pickle  # noqa: TID251  (valid pickles to change)
import pickletools
from collections.abc import Sequence

import numpy as np

from traces.describe import describe
from traces.formats import read
from traces.formats.plain_pickle import loads
from traces.formats.source import Source
from traces.recording import TraceError

from .kind import Kind
from .tree import pick

_GLOBALS = (
    *(b"cos\nsystem\n", b"cbuiltins\neval\n", b"cnumpy\ndtype\n", b"c_codecs\nencode\n"),
    *(b"cnumpy.core.multiarray\nscalar\n", b"cnumpy.core.multiarray\n_reconstruct\n"),
)
_OPERANDS = (
    *(b"\x8c\x01x", b"\x8c\x02f8", b"K\x01", b"J\xff\xff\xff\x7f", b"G@\x08" + b"\x00" * 6),
    *(b"I9999999999999999999\n", b"\x8a\x08" + b"\xff" * 8, b"C\x08" + b"\x00" * 8, b"N", b"\x88"),
    *(b"X\xff\xff\xff\xff", b"\x8d" + b"\xff" * 8, b"\x8b\xff\xff\xff\xff", b"h\x00", b"h\x07"),
    *(b"X\x03\x00\x00\x00abc", b"B\x02\x00\x00\x00ab", b"F1e999\n", b"L5L\n", b"S'a'\n", b"Va\n"),
)
_ACTIONS = tuple(bytes([code]) for code in b"()]}.tuse0122ad\x85\x86\x87\x94\x93Rb\x81QP\x91\x8f")


def pickle_kinds() -> list[Kind]:
    own = _Pickles()
    return [
        Kind(name="pickle, random opcodes", share=0.16, attempt=own.random),
        Kind(name="pickle, changed", share=0.16, attempt=own.changed),
    ]


class _Pickles:
    def __init__(self) -> None:
        capacity = {7: {"computation": np.float64(183.0), "communication": 8.5}}
        behaviour = {"1": {"active": [1, 5], "inactive": [2, 9], "finish_time": 10}}
        plain = {"a": [1, 2.5, "x", None, True, (1, 2)], 3: {"b": [[]]}}
        self.valid = [
            pickle.dumps(one, protocol)
            for one in (capacity, behaviour, plain)
            for protocol in (0, 1, 2, 4, 5)
        ]
        self.parts = [_opcodes(content) for content in self.valid]

    def random(self, rng: np.random.Generator) -> str:
        kinds = (_OPERANDS, _OPERANDS, _ACTIONS, _ACTIONS, _GLOBALS)
        codes = [pick(rng, pick(rng, kinds)) for _ in range(int(rng.integers(1, 40)))]
        loads((b"\x80\x04" if rng.random() < 0.5 else b"") + b"".join(codes) + b".")
        return ""

    def changed(self, rng: np.random.Generator) -> str:
        """Opcodes left out, repeated, moved, put in or with other bytes; read as a trace, too."""
        parts = list(pick(rng, self.parts))
        for _ in range(int(rng.integers(1, 5))):
            at, way = int(rng.integers(len(parts))), rng.random()
            if way < 0.2 and len(parts) > 1:
                del parts[at]
            elif way < 0.4:
                parts[at:at] = [parts[at]] * int(rng.integers(1, 50))
            elif way < 0.6:
                parts[at] = pick(rng, (*_OPERANDS, *_ACTIONS, *_GLOBALS))
            elif way < 0.8:
                parts[at] = pick(rng, pick(rng, self.parts))
            else:
                changed = bytearray(parts[at])
                changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
                parts[at] = bytes(changed)
        content = b"".join(parts)
        try:
            describe(read(Source("fuzz.pkl", content), None))
        except TraceError:
            loads(content)  # perhaps plain data all the same
        return ""


def _opcodes(content: bytes) -> Sequence[bytes]:
    """The pickle in pieces, one an opcode with its argument."""
    starts = [position for _, _, position in pickletools.genops(content)]
    ends = [*starts[1:], len(content)]
    return [content[start:end] for start, end in zip(starts, ends, strict=True)]
