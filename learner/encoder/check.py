"""Checks that a model directory can be used: sizes, weights, tokenizer, and that they fit."""

from __future__ import annotations

from pathlib import Path

from .architecture import Architecture
from .tokens import largest_token


def check_vocabulary(model_dir: Path, architecture: Architecture) -> None:
    """Raise ValueError, with the path, if the tokenizer has ids that the embeddings do not have."""
    largest = largest_token(model_dir)
    if largest >= architecture.vocab:
        raise ValueError(
            f"{model_dir / 'tokenizer.json'}: must have ids below {architecture.vocab}, the size "
            f"of the embedding table, got {largest}; it belongs to another model"
        )


def check_encoder(model_dir: Path) -> None:
    """Load the encoder and its tokenizer, as training would. Imports torch.

    Raises ValueError or OSError, with the file's path, for what is missing, damaged or unsupported,
    and for a tokenizer that does not fit.
    """
    import torch

    from .backbone import load_backbone

    backbone = load_backbone(model_dir, torch.device("cpu"))
    check_vocabulary(model_dir, backbone.architecture)
