"""Bytes that a client and the server exchange, computed from the architecture."""

from __future__ import annotations

from learner.encoder.architecture import Architecture
from learner.spec import Bits, TuningConfig

from .parameters import parameter_shapes

_FLOAT_BYTES = 4


def payload_bytes(
    architecture: Architecture, config: TuningConfig, n_labels: int, bits: Bits = 32
) -> int:
    """Bytes of all trained parameters in one direction."""
    if bits == 32:
        return _FLOAT_BYTES * architecture.trainable_parameters(config, n_labels)
    shapes = parameter_shapes(config, architecture, n_labels)
    return sum(sent_bytes(shape, bits) for shape in shapes.values())


def sent_bytes(shape: tuple[int, ...], bits: Bits) -> int:
    """Bytes of one tensor, a matrix or a vector, in one direction.

    At 32 bits, 4 bytes per parameter. Below, every row of n parameters takes n x bits / 8 bytes,
    rounded up, and 4 bytes for its scale (learner.training.exchange). A vector is one row.
    """
    n_rows, length = shape[0] if len(shape) == 2 else 1, shape[-1]
    scale = 0 if bits == 32 else _FLOAT_BYTES
    return n_rows * (-(-length * bits // 8) + scale)
