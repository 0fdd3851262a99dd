"""Read the weights of a Hugging Face model directory: safetensors or torch files, one or many."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

_WHOLE = ("model.safetensors", "pytorch_model.bin")


def read_checkpoint(model_dir: Path, device: torch.device) -> Iterator[tuple[Path, str, Tensor]]:
    """File, name and tensor of each weight, from one file or from those that an index lists.

    safetensors files are preferred. Torch files are read with `weights_only`, which unpickles only
    tensors. Raises ValueError, with the file's path, if a file is missing or damaged.
    """
    for path in _files(model_dir):
        tensors = _read(path, device)
        for name in list(tensors):
            yield path, name, tensors.pop(name)


def _files(model_dir: Path) -> list[Path]:
    for name in _WHOLE:
        if (whole := model_dir / name).exists():
            return [whole]
        if (index := model_dir / f"{name}.index.json").exists():
            return _parts(index)
    raise ValueError(
        f"{model_dir}: no weights found; it must contain {_WHOLE[0]}, {_WHOLE[1]}, or one of them "
        f"in parts with an .index.json"
    )


def _parts(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"{index}: must be JSON with the names of the weight files in weight_map"
        ) from None
    for name in names:
        if not isinstance(name, str) or Path(name).name != name:
            raise ValueError(f"{index}: lists {name}, which is not the name of a file beside it")
        if not (index.parent / name).is_file():
            raise ValueError(f"{index}: lists {name}, which is missing in this directory")
    return [index.parent / name for name in names]


def _read(path: Path, device: torch.device) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        try:
            return load_file(path, device=str(device))
        except SafetensorError as error:
            raise ValueError(
                f"{path}: not a valid safetensors file ({error}); download it again"
            ) from None
    try:
        tensors = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch.load raises many types
        reason = (
            str(error).splitlines()[0].split(". ")[0][:100] if str(error) else type(error).__name__
        )
        raise ValueError(
            f"{path}: not a valid torch file of tensors ({reason}); download it again"
        ) from None
    if not isinstance(tensors, dict) or not all(map(torch.is_tensor, tensors.values())):
        raise ValueError(f"{path}: not a valid torch file of tensors by name")
    return tensors
