"""A state's tensors under the names that transformers and peft give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from learner.encoder.backbone import Backbone
from learner.encoder.families import Family
from learner.encoder.weight_shapes import block
from learner.spec import UNIT_WIDTH, Adapter, Lora, TuningConfig
from learner.state import State
from learner.tuning.adapter import unit_name
from learner.tuning.head import BIAS, WEIGHT
from learner.tuning.lora import PARTS, product_name
from learner.tuning.parameters import BACKBONE

Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A state with its configuration and its pre-trained encoder."""

    config: TuningConfig
    state: State
    backbone: Backbone
    family: Family

    @property
    def tuned_layers(self) -> range:
        """The layers with adapters or LoRA, lowest first."""
        n_layers = self.backbone.architecture.n_layers
        depth = self.config.depth if isinstance(self.config, Adapter | Lora) else 0
        return range(n_layers - depth, n_layers)


def adapted_modules(trained: TrainedModel) -> list[tuple[str, int]]:
    """Pairs of a module in the model's own class and the number of adapter units after it."""
    if not isinstance(trained.config, Adapter):
        return []
    n_units = trained.config.width // UNIT_WIDTH
    return [
        (_module(trained.family, f"{block(layer)}output.dense"), n_units)
        for layer in trained.tuned_layers
    ]


def encoder_tensors(trained: TrainedModel) -> Tensors:
    """The encoder's weights under the names of the base model's AutoModel; LoRA is merged."""
    weights = dict(trained.backbone.weights)
    for name, value in trained.state.items():
        if name.startswith(BACKBONE):
            weights[name.removeprefix(BACKBONE)] = torch.tensor(value)
    if isinstance(trained.config, Lora):
        weights |= _merged(trained, trained.config.scale)
    return {trained.family.their_name(name): tensor for name, tensor in weights.items()}


def model_tensors(trained: TrainedModel) -> Tensors:
    """The weights of modeling_fedadapter's model: encoder, adapters, head."""
    encoder = {f"encoder.{name}": tensor for name, tensor in encoder_tensors(trained).items()}
    return encoder | _unit_tensors(trained) | head_tensors(trained.state, "classifier.")


def head_tensors(state: State, prefix: str = "") -> Tensors:
    """`weight` (labels, hidden) and `bias` (labels,)."""
    return {
        f"{prefix}weight": torch.tensor(state[WEIGHT]),
        f"{prefix}bias": torch.tensor(state[BIAS]),
    }


def peft_tensors(trained: TrainedModel) -> Tensors:
    """The low-rank products under peft's names, for the base model's AutoModel."""
    return {
        f"base_model.model.{module}.lora_{matrix}.weight": torch.tensor(
            trained.state[name + matrix]
        )
        for name, module in _products(trained).items()
        for matrix in "AB"
    }


def peft_modules(trained: TrainedModel) -> list[str]:
    """The names of the adapted projections in the base model's AutoModel."""
    return list(_products(trained).values())


def _products(trained: TrainedModel) -> Mapping[str, str]:
    """Each product's name prefix, and its projection's name in the model's own class."""
    return {
        product_name(layer, part): _module(trained.family, f"{block(layer)}attention.self.{part}")
        for layer in trained.tuned_layers
        for part in PARTS
    }


def _merged(trained: TrainedModel, scale: float) -> Tensors:
    merged = {}
    for layer in trained.tuned_layers:
        for part in PARTS:
            name = f"{block(layer)}attention.self.{part}.weight"
            a, b = (trained.state[product_name(layer, part) + matrix] for matrix in "AB")
            product = scale * (b.astype(np.float64) @ a)  # (hidden, hidden)
            merged[name] = trained.backbone.weights[name] + torch.from_numpy(product).float()
    return merged


def _unit_tensors(trained: TrainedModel) -> Tensors:
    """The adapters' tensors, numbered as in `adapted_modules`."""
    return {
        f"adapters.{place}.{unit}.{part}": torch.tensor(
            trained.state[unit_name(trained.tuned_layers[place], unit) + part]
        )
        for place, (_, n_units) in enumerate(adapted_modules(trained))
        for unit in range(n_units)
        for part in ("down.weight", "down.bias", "up.weight", "up.bias")
    }


def _module(family: Family, ours: str) -> str:
    return family.their_name(f"{ours}.weight").removesuffix(".weight")
