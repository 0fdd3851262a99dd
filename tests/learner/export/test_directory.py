"""Exported models of every family give the logits of our own forward pass."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForTokenClassification

from learner.encoder.activations import Activations
from learner.encoder.backbone import load_backbone
from learner.encoder.tokens import Tokens
from learner.export.card import Provenance
from learner.export.directory import write_export
from learner.export.modeling_fedadapter import (
    FedAdapterForSequenceClassification,
    FedAdapterForTokenClassification,
)
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig
from learner.store.budget import Budget
from learner.tasks import Task
from learner.training.batches import Examples
from learner.training.forward import logits
from learner.training.targets import Targets, text_targets
from learner.tuning.parameters import initial_parameters

CPU = torch.device("cpu")
LENGTHS = np.array([5, 3, 12, 7])
ORIGIN = Provenance(
    base_model="tiny",
    base_revision="rev",
    task="keywords",
    metric="accuracy",
    majority=0.4,
    scores={"test": 0.75},
    path=[(0, Adapter(depth=1, width=8)), (4, Adapter(depth=2, width=16))],
    round=8,
    sim_s=120.0,
    n_clients=5,
    state="abc",
    scenario_digest="def",
    seed=3,
)
PLAIN = [Adapter(depth=0, width=8), Lora(depth=1, rank=2, alpha=3.0), Freeze(depth=1), Full()]


def texts() -> Tokens:
    ids = np.random.default_rng(1).integers(5, 34, LENGTHS.sum())
    return Tokens(ids=ids, starts=np.cumsum(LENGTHS) - LENGTHS, lengths=LENGTHS)


def padded() -> dict[str, torch.Tensor]:
    mask = torch.arange(12) < torch.from_numpy(LENGTHS)[:, None]
    ids = torch.ones(4, 12, dtype=torch.long)
    ids[mask] = torch.from_numpy(texts().ids)
    return {"input_ids": ids, "attention_mask": mask.long()}


def exported(
    family_dir: Path, config: TuningConfig, task: Task, tmp_path: Path, units: Targets
) -> torch.Tensor:
    """Writes a trained-looking state; our logits of the texts."""
    backbone, generator = load_backbone(family_dir, CPU), np.random.default_rng(2)
    state = {
        name: value + generator.normal(0.0, 0.05, value.shape).astype(np.float32)
        for name, value in initial_parameters(config, backbone, len(task.labels), 5).items()
    }
    write_export(
        tmp_path / "out",
        model_dir=family_dir,
        config=config,
        state=state,
        task=task,
        max_tokens=12,
        origin=ORIGIN,
    )
    activations = Activations(
        directory=tmp_path / "a",
        backbone=backbone,
        tokens=texts(),
        device=CPU,
        budget=Budget([tmp_path / "a"]),
    )
    examples = Examples(activations, units)
    params = {name: torch.tensor(value[None]) for name, value in state.items()}
    with torch.inference_mode():
        return logits(backbone, params, examples.batch(config, [np.arange(4)]))


def test_the_exported_class_answers_as_the_learner_does(
    family_dir: Path, task: Task, tmp_path: Path
) -> None:
    config, units = Adapter(depth=2, width=16), text_targets(np.zeros(4, np.int64))
    ours = exported(family_dir, config, task, tmp_path, units)
    model: Any = FedAdapterForSequenceClassification.from_pretrained(tmp_path / "out").eval()
    with torch.inference_mode():
        out = model(**padded(), labels=torch.tensor([0, 1, 2, 0]))
    torch.testing.assert_close(out.logits, ours, atol=1e-5, rtol=1e-5)
    expected = torch.nn.functional.cross_entropy(ours, torch.tensor([0, 1, 2, 0]))
    torch.testing.assert_close(out.loss, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("config", PLAIN, ids=str)
def test_without_adapters_the_classes_of_transformers_answer_as_the_learner_does(
    family_dir: Path, config: TuningConfig, task: Task, tmp_path: Path
) -> None:
    ours = exported(family_dir, config, task, tmp_path, text_targets(np.zeros(4, np.int64)))
    out = tmp_path / "out"
    encoder, told = AutoModel.from_pretrained(out, output_loading_info=True)
    assert all("pooler" in name for name in told["missing_keys"])
    assert not told["unexpected_keys"]
    assert encoder.config.id2label == dict(enumerate(task.labels))
    head, given = load_file(out / "head.safetensors"), padded()
    mask = given["attention_mask"].unsqueeze(2)
    with torch.inference_mode():
        hidden = encoder.eval()(**given).last_hidden_state * mask
    logits = hidden.sum(1) / mask.sum(1) @ head["weight"].T + head["bias"]
    torch.testing.assert_close(logits, ours, atol=1e-5, rtol=1e-5)
    assert not [*out.rglob("*.py")]
    assert "trust_remote_code=" not in (out / "README.md").read_text()


@pytest.mark.parametrize("config", PLAIN, ids=str)
def test_a_tagger_without_adapters_is_a_class_of_transformers(
    family_dir: Path, config: TuningConfig, task: Task, tmp_path: Path
) -> None:
    tagging, units = replace(task, kind="tagging"), _PLACES
    ours = exported(family_dir, config, tagging, tmp_path, units)
    out = tmp_path / "out"
    model, told = AutoModelForTokenClassification.from_pretrained(out, output_loading_info=True)
    assert not told["missing_keys"]
    assert not told["unexpected_keys"]
    with torch.inference_mode():
        theirs = model.eval()(**padded()).logits[[0, 0, 1, 2, 3], units.token_positions]
    torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=1e-5)
    assert not [*out.rglob("*.py"), *out.glob("head*")]
    assert "trust_remote_code=" not in (out / "README.md").read_text()


_PLACES = Targets(
    starts=np.array([0, 2, 3, 4]),
    lengths=np.array([2, 1, 1, 1]),
    labels=np.zeros(5, np.int64),
    label_rows=np.arange(5),
    token_positions=np.array([0, 3, 1, 11, 2]),  # in texts 0, 0, 1, 2, 3
)


def test_a_tagger_answers_at_the_first_piece_of_each_word(
    model_dir: Path, task: Task, tmp_path: Path
) -> None:
    tagging = replace(task, kind="tagging")
    ours = exported(model_dir, Adapter(depth=1, width=8), tagging, tmp_path, _PLACES)
    model: Any = FedAdapterForTokenClassification.from_pretrained(tmp_path / "out").eval()
    with torch.inference_mode():
        theirs = model(**padded()).logits[[0, 0, 1, 2, 3], _PLACES.token_positions]
    torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=1e-5)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert "AutoModelForTokenClassification" in config["auto_map"]
    assert "trust_remote_code=True" in (tmp_path / "out" / "README.md").read_text()
    assert "is_split_into_words=True" in (tmp_path / "out" / "README.md").read_text()


def test_the_card_tells_the_path_and_how_to_load(
    model_dir: Path, task: Task, tmp_path: Path
) -> None:
    exported(model_dir, Lora(depth=1, rank=2), task, tmp_path, text_targets(np.zeros(4, np.int64)))
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith('---\nbase_model: "tiny"\nlibrary_name: transformers\n')
    assert "| configuration path | (1, 8) from round 0; (2, 16) from round 4 |" in card
    assert "| accuracy, test | 0.75 |" in card
    assert "PeftModel.from_pretrained" in card
    assert max(map(len, card.splitlines())) <= 200
    settings = json.loads((tmp_path / "out" / "tokenizer_config.json").read_text())
    assert settings["model_max_length"] == 12
    assert settings["pad_token"] == "[PAD]"


def test_the_weights_are_as_readable_as_the_other_files(
    model_dir: Path, task: Task, tmp_path: Path
) -> None:
    exported(model_dir, Lora(depth=1, rank=2), task, tmp_path, text_targets(np.zeros(4, np.int64)))
    new = tmp_path / "new"
    new.touch()
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {path.stat().st_mode for path in files} == {new.stat().st_mode}
    assert len([path for path in files if path.suffix == ".safetensors"]) == 4


def test_a_full_disk_leaves_nothing_half_written(
    model_dir: Path, task: Task, tmp_path: Path, full_disk: Any
) -> None:
    units = text_targets(np.zeros(4, np.int64))
    with pytest.raises(OSError, match="out") as caught, full_disk(20_000):
        exported(model_dir, Adapter(depth=1, width=8), task, tmp_path, units)
    assert caught.value.errno is not None
    assert list(tmp_path.iterdir()) == []
