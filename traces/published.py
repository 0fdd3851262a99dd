"""The published latency and memory tables (Cai et al., MobiCom'23; artifact at 8e27f2e)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Row = Literal["full", "full_cached", "adapter", "adapter_cached"]
"""What is trained: the top layers themselves or adapters in them; with or without the cache of
the frozen bottom's activations. Everything at the greatest depth includes the embeddings in the
"full" rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyTable:
    """Seconds a batch and peak memory (GB = 10^9 bytes) by tuned depth 0, 1, ... in each row.

    factor: the measured device's seconds over those of a Jetson TX2.
    """

    model: str
    batch_size: int
    tokens: int
    factor: float
    seconds: Mapping[Row, tuple[float, ...]]
    memory_gb: Mapping[Row, tuple[float, ...]] = field(default_factory=dict)

    @property
    def n_layers(self) -> int:
        """The greatest depth of the table."""
        return max(len(values) for values in self.seconds.values()) - 1


_BERT_SECONDS: dict[Row, tuple[float, ...]] = {
    "full": (
        *(0.5325, 0.612, 0.696, 0.791, 0.883, 0.9713, 1.064),
        *(1.156, 1.2465, 1.33, 1.419, 1.51, 1.7),
    ),
    "adapter": (0.57, 0.57, 0.63, 0.66, 0.71, 0.75, 0.79, 0.84, 0.89, 0.94, 0.99, 1.03, 1.08),
    "adapter_cached": (0.02, 0.09, 0.18, 0.27, 0.36, 0.45, 0.54, 0.63, 0.72, 0.81, 0.9, 0.99, 1.08),
}
_BERT_MEMORY: dict[Row, tuple[float, ...]] = {
    "full": (1.2, 1.5, 1.7, 2.0, 2.3, 2.8, 3.2, 3.5, 3.9, 4.1, 4.3, 4.7, 5.3),
    "adapter": (1.2, 1.3, 1.3, 1.6, 1.8, 2.1, 2.4, 2.5, 2.7, 3.1, 3.3, 3.5, 3.8),
    "adapter_cached": (0.72, 0.86, 0.9, 1.24, 1.48, 1.8, 2.16, 2.3, 2.54, 2.98, 3.22, 3.46, 3.8),
}
# The artifact lists these by frozen part: +L5 .. +L0 (depth 0 .. 5), then depth 6: for the full
# rows nothing frozen (18.27; 17.03 with the embeddings frozen), for adapters the embeddings.
_DISTILBERT_SECONDS: dict[Row, tuple[float, ...]] = {
    "full": (5.28, 8.02, 9.63, 11.83, 13.12, 15.03, 18.27),
    "full_cached": (0.14, 2.88, 5.7, 8.04, 10.89, 14.2, 18.27),
    "adapter": (7.05, 6.98, 7.85, 8.76, 9.87, 10.78, 11.65),
    "adapter_cached": (0.15, 2.14, 4.27, 5.96, 7.9, 9.92, 10.94),
}

BERT_BASE = LatencyTable(
    model="bert-base",
    batch_size=4,
    tokens=256,
    factor=1.0,
    seconds=_BERT_SECONDS,
    memory_gb=_BERT_MEMORY,
)
"""BERT-base on a Jetson TX2, batch 4, 256 tokens, depth 0..12."""

DISTILBERT = LatencyTable(
    model="distilbert",
    batch_size=4,
    tokens=256,
    factor=20.0,
    seconds=_DISTILBERT_SECONDS,
)
"""DistilBERT on a Raspberry Pi 4B, depth 0..6; adapters of 48 neurons."""
