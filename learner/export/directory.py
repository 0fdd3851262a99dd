"""Write the exported directory atomically: configuration, weights, tokenizer, code, card."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from learner.assets.sources import TOKENIZER_FILES, check_model
from learner.encoder.architecture import family_of
from learner.encoder.backbone import load_backbone
from learner.encoder.model_config import ModelConfig, read_model_config
from learner.encoder.tokens import with_leading_spaces, word_reading
from learner.spec import UNIT_WIDTH, Lora, TuningConfig
from learner.state import State
from learner.store.atomic_file import default_permissions, errors_naming
from learner.store.claim import claimed_directory, remove_abandoned
from learner.tasks import Task

from .card import Provenance, write_card
from .plain import HEAD, is_plain, plain_configuration, plain_tensors
from .weights import (
    Tensors,
    TrainedModel,
    adapted_modules,
    head_tensors,
    model_tensors,
    peft_modules,
    peft_tensors,
)

_DRAFT = ".export-"
_CODE = Path(__file__).with_name("modeling_fedadapter.py")
_CLASSES = {
    "text": ("AutoModelForSequenceClassification", "FedAdapterForSequenceClassification"),
    "tagging": ("AutoModelForTokenClassification", "FedAdapterForTokenClassification"),
}


def check_target(into: Path) -> None:
    """Raise ValueError unless the path is new or an empty directory."""
    if into.exists() and not (into.is_dir() and not any(into.iterdir())):
        raise ValueError(f"{into}: must be a new or an empty directory")


def write_export(
    into: Path,
    *,
    model_dir: Path,
    config: TuningConfig,
    state: State,
    task: Task,
    max_tokens: int,
    origin: Provenance,
) -> None:
    """Write the state as a model directory; for LoRA also a `peft/` adapter in it.

    Only a model with adapters has code of its own in it (learner.export.plain).

    Raises ValueError if the target is not empty or the base model has changed since its download,
    and OSError if writing fails.
    """
    check_target(into)
    check_model(model_dir)
    base = read_model_config(model_dir)
    trained = TrainedModel(
        config=config,
        state=state,
        backbone=load_backbone(model_dir, torch.device("cpu")),
        family=family_of(base),
    )
    into.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(into.parent.glob(f"{_DRAFT}*"))  # of killed exports
    with errors_naming(into), claimed_directory(into.parent, _DRAFT) as draft:
        whole = draft / "model"
        whole.mkdir()
        _write_model(trained, base, task, max_tokens, whole)
        _copy_tokenizer(model_dir, whole, base, max_tokens)
        if word_reading(task.kind, model_dir):
            _add_leading_spaces(whole)
        card = write_card(task.kind, config, max_tokens, origin)
        (whole / "README.md").write_text(card, encoding="utf-8")
        if isinstance(config, Lora):
            _write_peft(trained, config, whole / "peft", origin.base_model)
        if into.exists():
            into.rmdir()
        whole.replace(into)


def _write_model(
    trained: TrainedModel, base: ModelConfig, task: Task, max_tokens: int, into: Path
) -> None:
    """Write configuration and weights, and the code of the model class where one is needed."""
    if is_plain(trained.config):
        _write_json(into / "config.json", plain_configuration(trained, base, task, max_tokens))
        _save(plain_tensors(trained, base, task.kind), into / "model.safetensors")
        if task.kind == "text":
            _save(head_tensors(trained.state), into / HEAD)
        return
    _write_json(into / "config.json", _configuration(trained, base, task, max_tokens))
    _save(model_tensors(trained), into / "model.safetensors")
    shutil.copyfile(_CODE, into / _CODE.name)


def _configuration(
    trained: TrainedModel, base: ModelConfig, task: Task, max_tokens: int
) -> dict[str, Any]:
    """The contents of config.json of a model with adapters.

    The model type is our own, so that transformers asks before it runs the code and never loads
    the weights into one of its own classifiers.
    """
    auto, name = _CLASSES[task.kind]
    module = _CODE.stem
    return {
        "model_type": "fedadapter",
        "architectures": [name],
        "auto_map": {"AutoConfig": f"{module}.FedAdapterConfig", auto: f"{module}.{name}"},
        "encoder": dict(base.values),
        "adapters": adapted_modules(trained),
        "unit_width": UNIT_WIDTH,
        "tuning": asdict(trained.config),
        "max_tokens": max_tokens,
        "id2label": {str(i): label for i, label in enumerate(task.labels)},
        "label2id": {label: i for i, label in enumerate(task.labels)},
        "dtype": "float32",
    }


def _copy_tokenizer(model_dir: Path, into: Path, base: ModelConfig, max_tokens: int) -> None:
    """Copy the base model's tokenizer, with the maximum length that was used in training."""
    for pattern in TOKENIZER_FILES:
        for file in model_dir.glob(pattern):
            shutil.copyfile(file, into / file.name)
    path = into / "tokenizer_config.json"
    settings: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast"}
    if path.exists():
        settings = json.loads(path.read_text(encoding="utf-8"))
    else:
        settings["pad_token"] = _token(into / "tokenizer.json", base.values.get("pad_token_id", 0))
    _write_json(path, settings | {"model_max_length": max_tokens})


def _add_leading_spaces(into: Path) -> None:
    """Make the copied tokenizer read words as training did."""
    path = into / "tokenizer.json"
    path.write_text(with_leading_spaces(path.read_text(encoding="utf-8")), encoding="utf-8")
    path = into / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    _write_json(path, settings | {"add_prefix_space": True})


def _token(tokenizer: Path, token_id: object) -> str | None:
    vocabulary = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    pairs = vocabulary.items() if isinstance(vocabulary, dict) else ()
    return next((token for token, i in pairs if i == token_id), None)


def _write_peft(trained: TrainedModel, config: Lora, into: Path, base_model: str) -> None:
    into.mkdir()
    settings = {
        "peft_type": "LORA",
        "task_type": "FEATURE_EXTRACTION",
        "base_model_name_or_path": base_model,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "target_modules": peft_modules(trained),
    }
    _write_json(into / "adapter_config.json", settings)
    _save(peft_tensors(trained), into / "adapter_model.safetensors")
    _save(head_tensors(trained.state), into / "head.safetensors")


def _save(tensors: Tensors, path: Path) -> None:
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    with default_permissions(path):
        save_file(whole, path, metadata={"format": "pt"})


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
