"""The model class of exported states: an encoder with serial adapters and a linear head.

A copy of this file is in the directory of each exported model with adapters. It is run by
`AutoModelForSequenceClassification.from_pretrained(directory, trust_remote_code=True)` or
`AutoModelForTokenClassification`. It needs only torch and transformers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput, TokenClassifierOutput


class FedAdapterConfig(PretrainedConfig):  # type: ignore[misc, unused-ignore]
    """Configuration of an exported model.

    encoder: the base model's configuration. adapters: pairs of a module of the encoder and the
    number of units after it. unit_width: neurons per unit.
    """

    model_type = "fedadapter"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        adapters: list[tuple[str, int]] | None = None,
        unit_width: int = 8,
        **kwargs: Any,
    ) -> None:
        self.encoder = encoder or {"model_type": "bert"}
        self.adapters = adapters or []
        self.unit_width = unit_width
        super().__init__(**kwargs)


class Unit(nn.Module):
    """A bottleneck unit: x + up(relu(down(x)))."""

    def __init__(self, hidden: int, width: int) -> None:
        super().__init__()
        self.down = nn.Linear(hidden, width)
        self.up = nn.Linear(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.up(torch.relu(self.down(x)))
        return y


class FedAdapterModel(PreTrainedModel):  # type: ignore[misc, unused-ignore]
    """The encoder with its adapters, and the head.

    A subclass has `read`, which makes what the head reads, and `output_class`.
    """

    config_class = FedAdapterConfig
    base_model_prefix = "fedadapter"
    _supports_sdpa = True

    def __init__(self, config: FedAdapterConfig) -> None:
        super().__init__(config)
        self.encoder = AutoModel.from_config(AutoConfig.for_model(**config.encoder))
        if hasattr(self.encoder, "pooler"):
            self.encoder.pooler = None  # not used in training
        hidden = self.encoder.config.hidden_size
        self.adapters = nn.ModuleList(
            nn.Sequential(*(Unit(hidden, config.unit_width) for _ in range(n_units)))
            for _, n_units in config.adapters
        )
        for (name, _), units in zip(config.adapters, self.adapters, strict=True):
            module = self.encoder.get_submodule(name)
            module.register_forward_hook(lambda _module, _given, fed, units=units: units(fed))
        self.classifier = nn.Linear(hidden, config.num_labels)
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        **kwargs: Any,
    ) -> SequenceClassifierOutput | TokenClassifierOutput:
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        given = {key: value for key, value in kwargs.items() if key == "token_type_ids"}
        out = self.encoder(input_ids=input_ids, attention_mask=mask, **given)
        logits = self.classifier(self.read(out.last_hidden_state, mask))
        loss = None
        if labels is not None:
            loss = nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten())
        return self.output_class(loss=loss, logits=logits)


class FedAdapterForSequenceClassification(FedAdapterModel):
    """The head reads the mean over a text's tokens, including special tokens."""

    output_class = SequenceClassifierOutput

    def read(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(texts, longest, hidden) to (texts, hidden)."""
        weights = mask.unsqueeze(2).to(hidden.dtype)  # (texts, longest, 1)
        return (hidden * weights).sum(1) / weights.sum(1)


class FedAdapterForTokenClassification(FedAdapterModel):
    """The head reads every token; a word's tag is that of its first token."""

    output_class = TokenClassifierOutput

    def read(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """All of (texts, longest, hidden)."""
        return hidden
