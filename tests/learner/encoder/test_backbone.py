from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from learner.encoder.backbone import load_backbone
from learner.encoder.packing import Groups
from learner.encoder.tokens import tokenize

CPU = torch.device("cpu")


def test_blocks_chained_are_the_encoder_of_transformers(model_dir: Path) -> None:
    """Packed tokens without padding against padded batches with a mask."""
    tokens = tokenize(["w1 w2 w3", "w4", "w5 w6 w7 w8 w9 w10 w11"], model_dir, 8)
    backbone = load_backbone(model_dir, CPU)
    every = np.arange(3)
    groups = Groups.of(tokens.lengths, CPU)
    x = backbone.embed(
        backbone.weights,
        torch.from_numpy(tokens.ids),
        torch.from_numpy(tokens.positions(every)),
    )
    for layer in range(2):
        residual = backbone.attend(backbone.weights, layer, x, groups)
        fed = backbone.feed_forward(backbone.weights, layer, residual)
        x = backbone.close(backbone.weights, layer, residual, fed)

    model = BertModel(BertConfig.from_pretrained(model_dir), add_pooling_layer=False).eval()
    model.load_state_dict(load_file(model_dir / "model.safetensors"))
    ids = torch.zeros(3, 8, dtype=torch.long)
    mask = torch.arange(8) < torch.from_numpy(tokens.lengths)[:, None]
    ids[mask] = torch.from_numpy(tokens.ids)
    hidden = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    torch.testing.assert_close(x, hidden[mask], atol=1e-5, rtol=1e-5)
    means = torch.stack([hidden[i, : tokens.lengths[i]].mean(0) for i in range(3)])
    torch.testing.assert_close(groups.means(x), means, atol=1e-5, rtol=1e-5)


def _copy_with_config(model_dir: Path, target: Path, **changes: object) -> Path:
    config = json.loads((model_dir / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(config | changes))
    (target / "model.safetensors").write_bytes((model_dir / "model.safetensors").read_bytes())
    return target


def test_an_unknown_architecture_names_the_known_ones(model_dir: Path, tmp_path: Path) -> None:
    _copy_with_config(model_dir, tmp_path, model_type="llama")
    with pytest.raises(
        ValueError,
        match=r"config\.json: model_type must be one of bert, distil.*mpnet, got 'llama'",
    ):
        load_backbone(tmp_path, CPU)


def test_an_unknown_activation_is_refused(model_dir: Path, tmp_path: Path) -> None:
    _copy_with_config(model_dir, tmp_path, hidden_act="swish")
    with pytest.raises(ValueError, match=r"hidden_act must be one of gelu.*'swish'"):
        load_backbone(tmp_path, CPU)


def test_heads_that_do_not_divide_the_width_are_refused(model_dir: Path, tmp_path: Path) -> None:
    _copy_with_config(model_dir, tmp_path, num_attention_heads=5)
    with pytest.raises(ValueError, match=r"num_attention_heads must divide hidden_size 32, got 5"):
        load_backbone(tmp_path, CPU)


def test_cut_weights_are_refused(model_dir: Path, tmp_path: Path) -> None:
    _copy_with_config(model_dir, tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"model\.safetensors: not a valid safetensors file"):
        load_backbone(tmp_path, CPU)


def test_missing_weights_are_refused(model_dir: Path, tmp_path: Path) -> None:
    _copy_with_config(model_dir, tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"must include encoder\.layer\.1\.output\.dense\.weight"):
        load_backbone(tmp_path, CPU)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"no weights found; it must contain model\.safetensors"):
        load_backbone(tmp_path, CPU)


def test_weights_of_another_size_are_refused(model_dir: Path, tmp_path: Path) -> None:
    _copy_with_config(model_dir, tmp_path, intermediate_size=65)
    rule = r"model\.safetensors: encoder.*intermediate.* must be of shape \(65.*, got \(64"
    with pytest.raises(ValueError, match=rule):
        load_backbone(tmp_path, CPU)


@pytest.mark.parametrize("content", [b"", b"no tensors", b"PK\x03\x04"])
def test_a_damaged_torch_file_is_one_line(model_dir: Path, tmp_path: Path, content: bytes) -> None:
    _copy_with_config(model_dir, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"pytorch_model\.bin: not a valid torch file of tensors"
    ) as caught:
        load_backbone(tmp_path, CPU)
    assert "\n" not in str(caught.value)


class _Intruder:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('ran')",)


def test_a_torch_file_that_would_run_code_is_refused(model_dir: Path, tmp_path: Path) -> None:
    _copy_with_config(model_dir, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"embeddings": _Intruder()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"pytorch_model\.bin: not a valid torch file of tensors"):
        load_backbone(tmp_path, CPU)


@pytest.mark.parametrize(
    ("index", "rule"),
    [
        ("[", "must be JSON with"),
        ('{"weight_map": []}', "must be JSON with"),
        ('{"weight_map": {"a": "gone.safetensors"}}', "lists gone.safetensors, which is missing"),
        (
            '{"weight_map": {"a": "../a.safetensors"}}',
            "lists ../a.safetensors, which is not the name of a file beside it",
        ),
        (
            '{"weight_map": {"a": "/etc/passwd"}}',
            "lists /etc/passwd, which is not the name of a file beside it",
        ),
        ('{"weight_map": {"a": 1}}', "lists 1, which is not the name of a file beside it"),
    ],
)
def test_a_bad_index_of_parts_is_refused(
    model_dir: Path, tmp_path: Path, index: str, rule: str
) -> None:
    _copy_with_config(model_dir, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(ValueError, match=rf"model\.safetensors\.index\.json: {rule}"):
        load_backbone(tmp_path, CPU)


def test_names_of_older_files_are_understood(model_dir: Path, tmp_path: Path) -> None:
    """As in bert-base-uncased: a prefix, gamma and beta, and heads that are not ours."""
    _copy_with_config(model_dir, tmp_path)
    old = {
        "bert." + name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): x
        for name, x in load_file(model_dir / "model.safetensors").items()
    }
    old["bert.pooler.dense.weight"] = old["cls.predictions.bias"] = torch.zeros(2)
    save_file({name: x.clone() for name, x in old.items()}, tmp_path / "model.safetensors")
    new = load_backbone(model_dir, CPU).weights
    loaded = load_backbone(tmp_path, CPU).weights
    assert set(loaded) == set(new)
    assert all(torch.equal(loaded[name], new[name]) for name in new)
