"""States as bytes: exact, of the length that the cost model charges."""

from __future__ import annotations

import numpy as np
import pytest

from learner.training.state_bytes import from_bytes, to_bytes

STATE = {
    "param.b": np.arange(6, dtype=np.float32).reshape(2, 3),
    "param.a": np.array([7.5, -1.0], dtype=np.float32),
}
SHAPES = {name: value.shape for name, value in STATE.items()}


def test_a_state_survives_the_way_there_and_back() -> None:
    content = to_bytes(STATE)
    assert len(content) == 4 * 8
    read = from_bytes(content, SHAPES)
    assert all(np.array_equal(read[name], value) for name, value in STATE.items())


def test_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a state of 32 bytes was expected, got 31"):
        from_bytes(to_bytes(STATE)[:-1], SHAPES)
