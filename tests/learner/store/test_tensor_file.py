"""Tensors in a safetensors file that is written in place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from learner.store.atomic_file import replacement
from learner.store.claim import remove_unfinished
from learner.store.tensor_file import write_tensors

TENSORS = {
    "param.head.weight": np.arange(15, dtype=np.float32).reshape(3, 5),
    "param.head.bias": np.array([1.5, -2.0], np.float32),
    "none": np.zeros((0, 4), np.float32),
    "alone": np.array(3.0, np.float32),
}


def test_the_bytes_are_those_of_safetensors(tmp_path: Path) -> None:
    about = {"fedadapter": '{"recipe": "½\\n"}'}
    write_tensors(tmp_path / "file", TENSORS, about)
    assert (tmp_path / "file").read_bytes() == save(TENSORS, about)


def test_a_file_that_is_being_written_keeps_its_claim(tmp_path: Path) -> None:
    with replacement(tmp_path / "state") as temporary:
        write_tensors(temporary, TENSORS, {})
        assert [*tmp_path.iterdir()] == [temporary]  # none beside it, which a kill would leave
        assert remove_unfinished(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_only_fp32_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a must be float32, got float64"):
        write_tensors(tmp_path / "file", {"a": np.zeros(2)}, {})
