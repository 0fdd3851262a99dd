"""States and changes as bytes at 32, 8 or 4 bits per parameter, as they go over a wire.

At 32 bits they are plain fp32 values (learner.training.state_bytes). Below, the tensors follow each
other in the order of their names: for each the fp32 scales of its rows, then its integers by rows,
one in a byte or two (the first in the low half; an odd row ends with an empty half). The length is
that of the payload that the cost model charges (learner.tuning.payload).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from learner.encoder.weight_shapes import Shapes
from learner.spec import Bits, LocalJob
from learner.state import State
from learner.tuning.payload import sent_bytes

from .exchange import draws_of, levels, multiples
from .state_bytes import from_bytes, to_bytes


def pack(
    state: State, bits: Bits, job: LocalJob, direction: Literal["down", "up"]
) -> bytes | bytearray:
    """The bytes of a state, rounded with the draws that the simulator takes for this job."""
    if bits == 32:
        return to_bytes(state)
    parts: list[bytes] = []
    for name in sorted(state):
        values = np.ascontiguousarray(state[name], dtype=np.float32)
        scales, whole = levels(values, bits, draws_of(job, direction, name))
        parts += [scales.tobytes(), (_halves(whole) if bits == 4 else whole).tobytes()]
    return b"".join(parts)


def unpack(content: bytes | bytearray, shapes: Shapes, bits: Bits) -> Mapping[str, np.ndarray]:
    """The state as received. Raises ValueError for bytes of another length."""
    if bits == 32:
        return from_bytes(content, shapes)
    expected = sum(sent_bytes(shape, bits) for shape in shapes.values())
    if len(content) != expected:
        raise ValueError(f"a state of {expected} bytes was expected, got {len(content)}")
    state, at = dict[str, np.ndarray](), 0
    for name in sorted(shapes):
        shape = shapes[name]
        n_rows, length = shape[0] if len(shape) > 1 else 1, shape[-1]
        scales = np.frombuffer(content, np.float32, n_rows, at)
        at += scales.nbytes
        width = -(-length * bits // 8)
        sent = np.frombuffer(content, np.int8, n_rows * width, at).reshape(n_rows, width)
        at += sent.nbytes
        whole = _wholes(sent)[:, :length] if bits == 4 else sent
        state[name] = multiples(scales, whole).reshape(shape)
    return state


def _halves(whole: NDArray[np.int8]) -> NDArray[np.int8]:
    """Two integers from -8 to 7 in a byte."""
    even = np.pad(whole, ((0, 0), (0, whole.shape[1] % 2)))
    return (even[:, 0::2] & 0x0F) | (even[:, 1::2] << 4)


def _wholes(halves: NDArray[np.int8]) -> NDArray[np.int8]:
    """The integers of `_halves`, with their signs."""
    whole = np.empty((len(halves), 2 * halves.shape[1]), np.int8)
    whole[:, 0::2], whole[:, 1::2] = (halves << 4) >> 4, halves >> 4
    return whole
