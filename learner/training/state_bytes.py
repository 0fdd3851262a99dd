"""States as plain bytes: the fp32 values of all tensors, by name, without names or sizes.

Both sides know the shapes from the configuration. The length is that of the payload that the cost
model charges at 32 bits (learner.tuning.payload).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from learner.encoder.weight_shapes import Shapes
from learner.state import State


def to_bytes(state: State) -> bytearray:
    """The values of a state, tensors in the order of their names."""
    content, at = bytearray(sum(4 * value.size for value in state.values())), 0
    for name in sorted(state):
        value = np.ascontiguousarray(state[name], dtype=np.float32)
        content[at : at + value.nbytes] = value.reshape(-1).view(np.uint8).data
        at += value.nbytes
    return content


def from_bytes(content: bytes | bytearray, shapes: Shapes) -> Mapping[str, np.ndarray]:
    """The state of these shapes, sharing the memory. Raises ValueError for another length."""
    n_values = sum(int(np.prod(shape)) for shape in shapes.values())
    if len(content) != 4 * n_values:
        raise ValueError(f"a state of {4 * n_values} bytes was expected, got {len(content)}")
    values, at = np.frombuffer(content, dtype=np.float32), 0
    state: dict[str, np.ndarray] = {}
    for name in sorted(shapes):
        size = int(np.prod(shapes[name]))
        state[name] = values[at : at + size].reshape(shapes[name])
        at += size
    return state
