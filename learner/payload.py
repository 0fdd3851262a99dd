"""Bytes of what a client and the server send each other, told by the architecture alone."""

from __future__ import annotations

from collections.abc import Iterator

from .architecture import Architecture
from .spec import UNIT_WIDTH, Adapter, Bits, Freeze, Full, TuningConfig
from .weight_shapes import encoder_shapes, layer_shapes

Shape = tuple[int, ...]

_FLOAT_BYTES = 4


def payload_bytes(
    architecture: Architecture, config: TuningConfig, n_labels: int, bits: Bits = 32
) -> int:
    """Bytes of all trained parameters in one direction.

    At 32 bits, 4 bytes a parameter; below, every row of n parameters takes n x bits / 8 bytes,
    rounded up, and 4 bytes of its scale (learner.exchange). A vector is one row.
    """
    if bits == 32:
        return _FLOAT_BYTES * architecture.trainable_parameters(config, n_labels)
    return sum(
        (shape[0] if len(shape) == 2 else 1) * (-(-shape[-1] * bits // 8) + _FLOAT_BYTES)
        for shape in trainable_shapes(architecture, config, n_labels)
    )


def trainable_shapes(
    architecture: Architecture, config: TuningConfig, n_labels: int
) -> Iterator[Shape]:
    """The shape of every trained tensor, the classifier head's first."""
    hidden, n_layers = architecture.hidden, architecture.n_layers
    yield from ((n_labels, hidden), (n_labels,))
    match config:
        case Adapter():
            for _ in range(config.depth * (config.width // UNIT_WIDTH)):
                yield from ((UNIT_WIDTH, hidden), (UNIT_WIDTH,), (hidden, UNIT_WIDTH), (hidden,))
        case Freeze():
            for layer in range(n_layers - config.depth, n_layers):
                yield from layer_shapes(architecture, layer).values()
        case Full():
            yield from encoder_shapes(architecture).values()
