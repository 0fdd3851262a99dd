"""Quantised exchange in fewer than 32 bits: integers with one scale per row, stochastic rounding.

A row w of a tensor is sent as s = max |w| / q, with q = 2^(bits - 1) - 1, and the integers
floor(w / s + u), u uniform in [0, 1). The rounding is unbiased, so clients need no error feedback.
It is that of QSGD (Alistarh et al., 2017), but with the largest value of each row as the scale. A
vector is one row.
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
"""Elements rounded at a time, so that temporary arrays stay in the processor's cache."""


def received(base: State, job: LocalJob) -> State:
    """The server's state as the client receives it; the server keeps its own in fp32."""
    if job.down_bits == 32:
        return base
    return {
        name: quantised(np.asarray(value, np.float32), job.down_bits, draws_of(job, "down", name))
        for name, value in base.items()
    }


def returned(
    base: State, start: State, trained: Mapping[str, Tensor], job: LocalJob
) -> Mapping[str, Tensor]:
    """The client's model as the server receives it: the server's base plus the sent change.

    `start` is the state that the client received. The results are on the CPU, so that the random
    draws do not depend on the device.
    """
    if job.up_bits == 32 and job.down_bits == 32:
        return trained
    models = {}
    for name, tensor in trained.items():
        change = tensor.cpu().numpy() - start[name]
        if job.up_bits != 32:
            change = quantised(change, job.up_bits, draws_of(job, "up", name))
        models[name] = torch.from_numpy(base[name] + change)
    return models


def quantised(values: Array, bits: Bits, draws: np.random.Generator) -> Array:
    """The values as received: integer multiples of their row's scale."""
    scales, whole = levels(values, bits, draws)
    return multiples(scales, whole).reshape(values.shape)


def levels(values: Array, bits: Bits, draws: np.random.Generator) -> tuple[Array, NDArray[np.int8]]:
    """What is sent of a tensor: a scale for each row, and its integers, (rows, row's length).

    Rows of zeros stay zero and use no draws, since most rows of a word table do not change.
    """
    most = np.float32(2 ** (bits - 1) - 1)
    rows = values.reshape(-1, values.shape[-1] if values.ndim > 1 else values.size)
    whole = np.zeros(rows.shape, np.int8)
    scales = np.abs(rows).max(1) / most
    alive = np.flatnonzero(scales)
    for part in np.split(alive, range(0, len(alive), max(1, _CHUNK // rows.shape[1]))[1:]):
        steps = rows[part] / scales[part, None]
        steps += draws.random((len(part), rows.shape[1]), np.float32)
        whole[part] = np.clip(np.floor(steps), -most, most)
    return scales, whole


def multiples(scales: Array, whole: NDArray[np.int8]) -> Array:
    """What is received of a tensor, by rows."""
    return whole * scales[:, None]


def draws_of(job: LocalJob, direction: str, name: str) -> np.random.Generator:
    """A generator keyed by the job's seed, the direction and the tensor's name."""
    key = int.from_bytes(blake2b(f"{direction} {name}".encode(), digest_size=8).digest(), "little")
    return np.random.default_rng([job.seed, key])
