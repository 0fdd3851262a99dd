"""Writes tensors as a safetensors file, into the very file that is named.

`safetensors.save_file` (0.8) writes another file beside it, which a killed process leaves there,
and puts that in its place: a claim on the file (learner.store.claim) would be lost.
The format: https://huggingface.co/docs/safetensors (an 8-byte length, a header of JSON, the bytes).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_ALIGNED = 8
"""The header is filled with spaces to a multiple of so many bytes."""


def write_tensors(
    path: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Write contiguous fp32 tensors by name, in the order of their names."""
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    at = 0
    for name in sorted(tensors):
        tensor = tensors[name]
        if tensor.dtype != np.float32:
            raise TypeError(f"{name} must be float32, got {tensor.dtype}")
        until = at + tensor.nbytes
        shape = list(tensor.shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, until]}
        at = until
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNED)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(np.ascontiguousarray(tensors[name], "<f4").data)
