"""What is sent in fewer than 32 bits: whole numbers with one scale a row, rounded at random.

A row w of a tensor is sent as s = max |w| / q, with q = 2^(bits - 1) - 1, and the whole numbers
floor(w / s + u), u uniform in [0, 1): on average what was meant, so that no client needs to
remember its rounding errors. (The rounding of QSGD, Alistarh et al., 2017, with another scale: the
largest value of each row.) A vector is one row.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learner.spec import Bits, LocalJob
from learner.state import State

Array = NDArray[np.float32]

_CHUNK = 65536
"""Elements rounded at once, so that what lies between stays in the processor's cache."""


def received(base: State, job: LocalJob) -> State:
    """What the client gets of the server's state; the server keeps its own in fp32."""
    if job.down_bits == 32:
        return base
    return {
        name: quantised(np.asarray(value, np.float32), job.down_bits, _draws(job, "down", name))
        for name, value in base.items()
    }


def returned(
    base: State, start: State, trained: Mapping[str, Tensor], job: LocalJob
) -> Mapping[str, Tensor]:
    """The client's model as the server reads it: its own base and the change that was sent.

    `start` is what the client received. All tensors on the processor, where draws are the same
    on any device.
    """
    if job.up_bits == 32 and job.down_bits == 32:
        return trained
    models = {}
    for name, tensor in trained.items():
        change = tensor.cpu().numpy() - start[name]
        if job.up_bits != 32:
            change = quantised(change, job.up_bits, _draws(job, "up", name))
        models[name] = torch.from_numpy(base[name] + change)
    return models


def quantised(values: Array, bits: Bits, draws: np.random.Generator) -> Array:
    """The values as the receiver reads them: whole multiples of their row's scale.

    Rows of zeros stay and take no draws: most of a word table does not change.
    """
    most = np.float32(2 ** (bits - 1) - 1)
    read = np.zeros_like(values)
    rows = values.reshape(-1, values.shape[-1] if values.ndim > 1 else values.size)
    read_rows = read.reshape(rows.shape)
    scales = np.abs(rows).max(1) / most
    alive = np.flatnonzero(scales)
    for part in np.split(alive, range(0, len(alive), max(1, _CHUNK // rows.shape[1]))[1:]):
        scale = scales[part, None]
        whole = rows[part] / scale + draws.random((len(part), rows.shape[1]), np.float32)
        read_rows[part] = np.clip(np.floor(whole), -most, most) * scale
    return read


def _draws(job: LocalJob, direction: str, name: str) -> np.random.Generator:
    """Keyed by the job's seed and by what is rounded."""
    key = int.from_bytes(blake2b(f"{direction} {name}".encode(), digest_size=8).digest(), "little")
    return np.random.default_rng([job.seed, key])
