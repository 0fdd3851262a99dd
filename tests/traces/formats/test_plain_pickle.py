"""The restricted unpickler: plain data comes through, and no program in a pickle ever runs."""

import os
import pickle  # noqa: TID251  (the files under test are pickles)
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from traces.formats import read
from traces.formats.plain_pickle import loads
from traces.formats.source import Source
from traces.recording import CapacityRecording, TraceError


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_data_and_numpy_scalars_come_through(protocol: int) -> None:
    data: dict[Any, Any] = {
        1: {"a": 1.5, "b": [1, -2, 10**30, True, None], "c": ("x", ()), "d": "ä"},
        "n": [np.float64(2.5), np.float32(0.5), np.int64(-7), np.uint8(200), np.bool_(True)],
    }
    assert loads(pickle.dumps(data, protocol)) == data


def test_fedscale_capacities_load_from_a_pickle() -> None:
    content = pickle.dumps({3: {"computation": np.float64(100.0), "communication": 8.0}})
    found = read(Source("t.pkl", content))
    assert isinstance(found, CapacityRecording)
    assert (found.devices[0].name, found.devices[0].bytes_per_s) == ("3", 1000.0)


class _Attack:
    """Pickles to a call of os.mkdir: unpickled without restriction it leaves a directory."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def test_a_malicious_pickle_is_refused_and_does_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "was-here"
    attack = pickle.dumps({1: {"computation": _Attack(mark), "communication": 1.0}})
    with pytest.raises(TraceError, match=r"t\.pkl:1: is not a pickle of plain data: it asks for"):
        read(Source("t.pkl", attack))
    assert not mark.exists()
    pickle.loads(attack)
    assert mark.exists()  # the attack is a real one


PROGRAMS = {
    "eval": b"\x80\x04cbuiltins\neval\n(S'1'\ntR.",
    "system": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "getattr": b"\x80\x04c__builtin__\ngetattr\n.",
    "numpy's own loader": b"\x80\x04cnumpy\nload\n.",
    "whole array": b"\x80\x04cnumpy.core.multiarray\n_reconstruct\n.",
    "scalar of objects": b"\x80\x04cnumpy\ndtype\n(S'O8'\nI0\nI1\ntR.",
    "instance": b"\x80\x04(ios\nsystem\n.",
    "extension": b"\x80\x04\x82\x01.",
    "a terabyte": b"\x80\x04\x96" + (2**40).to_bytes(8, "little") + b".",
}


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_anything_but_data_is_refused(program: str) -> None:
    with pytest.raises(ValueError, match="is not a pickle of plain data"):
        loads(PROGRAMS[program])


def test_one_pickle_cannot_change_how_the_next_is_read() -> None:
    scalar = pickle.dumps(np.float64(2.5), 2)
    meddling = b"\x80\x02cnumpy\ndtype\nN}X\x04\x00\x00\x00codeK\x01s\x86b."
    assert callable(loads(meddling))  # sets an attribute on what stands for numpy.dtype
    assert loads(scalar) == 2.5


def test_a_pickle_that_is_no_dictionary_is_refused() -> None:
    with pytest.raises(TraceError, match="must hold a dictionary, got a list"):
        read(Source("t.pkl", pickle.dumps([1, 2])))
    with pytest.raises(TraceError, match="keys must be names or whole numbers"):
        read(Source("t.pkl", pickle.dumps({1.5: 3})))


_TEXT = b"X" + (5000).to_bytes(4, "little") + b"x" * 5000
EXPANDING = {
    "a text that is repeated": b"\x80\x04]q\x00(" + _TEXT + b"q\x02" + b"h\x02" * 5000 + b"e.",
    "lists of shared lists": b"\x80\x04]q\x00(K\x01e"
    + b"".join(
        b"]q" + bytes([i]) + b"(" + (b"h" + bytes([i - 1])) * 10 + b"e" for i in range(1, 30)
    )
    + b".",
    "a list that contains itself": b"\x80\x04]q\x00(h\x00e.",
    "a key of shared tuples": b"\x80\x04}(K\x01K\x01\x86" + b"2\x86" * 60 + b"K\x01u.",
    "one such key": b"\x80\x04}K\x01K\x01\x86" + b"2\x86" * 60 + b"K\x01s.",
    "a dictionary of such keys": b"\x80\x04(K\x01K\x01\x86" + b"2\x86" * 60 + b"K\x01d.",
    "a long scalar": b"\x80\x02c_codecs\nencode\n(" + _TEXT + b"X\x06\x00\x00\x00latin1tR.",
}


@pytest.mark.parametrize("kind", sorted(EXPANDING))
def test_a_pickle_that_stands_for_far_more_is_refused_at_once(kind: str) -> None:
    """Without the bounds, the keys take years, and readers of the lists all memory."""
    with pytest.raises(ValueError, match=r"repeats its values|a key must be|a scalar has at most"):
        loads(EXPANDING[kind])


def test_many_plain_values_are_admitted() -> None:
    content = {i: {"active": [float(j) for j in range(100)]} for i in range(500)}
    assert loads(pickle.dumps(content)) == content


def test_a_key_of_thousands_of_digits_is_refused_with_the_file() -> None:
    with pytest.raises(TraceError, match=r"t\.pkl:1: keys must be names or whole numbers"):
        read(Source("t.pkl", pickle.dumps({1 << 40_000: 1})))
