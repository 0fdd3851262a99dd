"""Exports that `transformers` loads with its own classes, without any code of this project.

LoRA is merged into the weights, and heads, frozen layers and full fine-tuning change weights alone.
Adapters stand between layers, and no class of `transformers` has them. For tagging the whole model
is one of its classes; for texts it is the encoder, with the head in a file of its own, since no
classifier there reads the mean over a text's tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import transformers
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    MODEL_MAPPING_NAMES,
)

from learner.encoder.model_config import ModelConfig
from learner.spec import Adapter, TuningConfig
from learner.tasks import Task
from learner.tasks.task import TaskKind

from .weights import Tensors, TrainedModel, encoder_tensors, head_tensors

HEAD = "head.safetensors"
"""The file with the head of a text model: `weight` (labels, hidden) and `bias` (labels,)."""


def is_plain(config: TuningConfig) -> bool:
    """Whether a configuration has this form: it has no adapters."""
    return not (isinstance(config, Adapter) and config.depth)


def plain_configuration(
    trained: TrainedModel, base: ModelConfig, task: Task, max_tokens: int
) -> dict[str, Any]:
    """The contents of config.json: the base model's, with the labels."""
    kept = {key: value for key, value in base.values.items() if key != "torch_dtype"}
    return kept | {
        "architectures": [_class_name(base, task.kind)],
        "tuning": asdict(trained.config),
        "max_tokens": max_tokens,
        "id2label": {str(i): label for i, label in enumerate(task.labels)},
        "label2id": {label: i for i, label in enumerate(task.labels)},
        "dtype": "float32",
    }


def plain_tensors(trained: TrainedModel, base: ModelConfig, kind: TaskKind) -> Tensors:
    """The weights of model.safetensors, under the names of the class in config.json."""
    encoder = encoder_tensors(trained)
    if kind == "text":
        return encoder
    prefix = getattr(transformers, _class_name(base, kind)).base_model_prefix
    named = {f"{prefix}.{name}": tensor for name, tensor in encoder.items()}
    return named | head_tensors(trained.state, "classifier.")


def _class_name(base: ModelConfig, kind: TaskKind) -> str:
    names: Mapping[str, Any] = MODEL_MAPPING_NAMES
    if kind == "tagging":
        names = MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES
    return str(names[str(base.values["model_type"])])
