"""The forward pass of every family equals that of transformers, on tiny random models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, BertConfig, DistilBertConfig, MPNetConfig

from learner.encoder.activations import Activations
from learner.encoder.architecture import DISTILBERT_BASE, MINILM_L6, MPNET_BASE, read_architecture
from learner.encoder.backbone import Backbone, load_backbone
from learner.encoder.families import FAMILIES
from learner.encoder.packing import Groups
from learner.encoder.relative_position import relative_buckets
from learner.encoder.tokens import Tokens
from learner.encoder.weight_shapes import encoder_shapes
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig
from learner.store.budget import Budget
from learner.training.batches import Examples
from learner.training.forward import logits
from learner.training.targets import text_targets
from learner.tuning.parameters import BACKBONE, initial_parameters

CPU = torch.device("cpu")
LENGTHS = np.array([5, 1, 12, 7])
LABELS = 3


def texts() -> Tokens:
    ids = np.random.default_rng(1).integers(5, 40, LENGTHS.sum())
    return Tokens(ids=ids, starts=np.cumsum(LENGTHS) - LENGTHS, lengths=LENGTHS)


def padded() -> tuple[torch.Tensor, torch.Tensor]:
    """The texts as transformers takes them: (texts, longest) ids and mask."""
    mask = torch.arange(12) < torch.from_numpy(LENGTHS)[:, None]
    ids = torch.ones(4, 12, dtype=torch.long)  # padding's id
    ids[mask] = torch.from_numpy(texts().ids)
    return ids, mask


def our_states(backbone: Backbone) -> torch.Tensor:
    tokens = texts()
    groups = Groups.of(tokens.lengths, CPU)
    positions = torch.from_numpy(tokens.positions(np.arange(4)))
    x = backbone.embed(backbone.weights, torch.from_numpy(tokens.ids), positions)
    states = [x]
    for layer in range(backbone.architecture.n_layers):
        residual = backbone.attend(backbone.weights, layer, x, groups)
        fed = backbone.feed_forward(backbone.weights, layer, residual)
        x = backbone.close(backbone.weights, layer, residual, fed)
        states.append(x)
    return torch.stack(states)


def test_every_layer_gives_what_transformers_gives(family_dir: Path) -> None:
    ids, mask = padded()
    model: Any = AutoModel.from_pretrained(family_dir, dtype=torch.float32).eval()
    out = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True)
    theirs = torch.stack([hidden[mask] for hidden in out.hidden_states])
    ours = our_states(load_backbone(family_dir, CPU))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert theirs.std() > 0.1


CONFIGURATIONS = [
    Adapter(depth=0, width=8),
    Adapter(depth=1, width=16),
    Adapter(depth=2, width=8),
    Lora(depth=1, rank=2, alpha=3.0),
    Lora(depth=2, rank=3, alpha=4.5),
    Freeze(depth=1),
    Full(),
]


def entered(
    family_dir: Path, config: TuningConfig, cache_dir: Path
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Logits from cached activations, and the parameters that they depend on."""
    backbone = load_backbone(family_dir, CPU)
    activations = Activations(
        directory=cache_dir,
        backbone=backbone,
        tokens=texts(),
        device=CPU,
        budget=Budget([cache_dir]),
    )
    examples = Examples(activations, text_targets(np.zeros(4, np.int64)))
    leaves = {}
    for name, value in initial_parameters(config, backbone, LABELS, 5).items():
        leaf = torch.tensor(value[None])
        if not name.startswith(BACKBONE):  # zeros would hide mistakes
            leaf += torch.randn(leaf.shape, generator=torch.Generator().manual_seed(3)) * 0.1
        leaves[name] = leaf.requires_grad_()
    return logits(backbone, leaves, examples.batch(config, [np.arange(4)])), leaves


@contextmanager
def carrying(model: Any, leaves: dict[str, torch.Tensor]) -> Iterator[None]:
    """Adapters and LoRA as hooks of the modules of transformers' model."""
    family, handles = FAMILIES[model.config.model_type], []

    def hook(ours: str, act: Act) -> None:
        module = model.get_submodule(family.their_name(f"{ours}.weight").removesuffix(".weight"))
        handles.append(module.register_forward_hook(lambda m, given, y: act(given[0], y)))

    for name in leaves:
        if name.endswith(".A"):
            _, _, layer, part, _ = name.split(".")
            product = leaves[name][0].T @ leaves[name[:-1] + "B"][0].T
            hook(f"encoder.layer.{layer}.attention.self.{part}", _adding(product))
        if name.endswith("up.bias"):
            layer, unit = name.split(".")[2], name.removesuffix("up.bias")
            parts = [leaves[unit + end][0] for end in _UNIT]
            hook(f"encoder.layer.{layer}.output.dense", _through(*parts))
    yield
    for handle in handles:
        handle.remove()


Act = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _adding(product: torch.Tensor) -> Act:
    return lambda x, y: y + 1.5 * (x @ product)  # alpha / rank of both configurations


def _through(
    down: torch.Tensor, down_bias: torch.Tensor, up: torch.Tensor, up_bias: torch.Tensor
) -> Act:
    return lambda x, y: y + torch.relu(y @ down.T + down_bias) @ up.T + up_bias


_UNIT = ("down.weight", "down.bias", "up.weight", "up.bias")


@pytest.mark.parametrize("config", CONFIGURATIONS, ids=str)
def test_logits_and_gradients_behind_the_cached_bottom_are_those_of_the_whole_model(
    family_dir: Path, config: TuningConfig, tmp_path: Path
) -> None:
    ours, leaves = entered(family_dir, config, tmp_path)
    model = AutoModel.from_pretrained(family_dir, dtype=torch.float32).eval()
    theirs_of = {
        FAMILIES[model.config.model_type].our_name(name): parameter
        for name, parameter in model.named_parameters()
    }
    ids, mask = padded()
    with carrying(model, leaves):
        hidden = model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    weights = mask[:, :, None].float()
    mean = (hidden * weights).sum(1) / weights.sum(1)
    theirs = mean @ leaves["param.head.weight"][0].T + leaves["param.head.bias"][0]
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    direction = torch.from_numpy(np.random.default_rng(2).normal(size=ours.shape)).float()
    mine = torch.autograd.grad(ours, list(leaves.values()), direction)
    twins = [theirs_of.get(n.removeprefix(BACKBONE), leaf) for n, leaf in leaves.items()]
    full = torch.autograd.grad(theirs, twins, direction)
    for name, one, other in zip(leaves, mine, full, strict=True):
        torch.testing.assert_close(
            one[0], other.reshape(one[0].shape), atol=2e-4, rtol=1e-3, msg=name
        )


def test_names_and_shapes_are_known_without_weights(family_dir: Path) -> None:
    architecture = read_architecture(family_dir)
    shapes = encoder_shapes(architecture)
    loaded = load_backbone(family_dir, CPU).weights
    assert {name: tuple(tensor.shape) for name, tensor in loaded.items()} == shapes
    count = sum(int(np.prod(shape)) for shape in shapes.values())
    layers = architecture.n_layers * architecture.layer_parameters
    assert count == architecture.embedding_parameters + layers


def test_names_go_to_transformers_and_back(family_dir: Path) -> None:
    family = FAMILIES[json.loads((family_dir / "config.json").read_text())["model_type"]]
    own = set(load_file(family_dir / "model.safetensors"))
    ours = {family.our_name(name) for name in own if "pooler" not in name}
    assert ours == set(encoder_shapes(read_architecture(family_dir)))
    assert {family.their_name(name) for name in ours} <= own


def test_a_text_may_have_as_many_tokens_as_positions_are_left(family_dir: Path) -> None:
    architecture = read_architecture(family_dir)
    is_offset = architecture.first_position == 2
    assert architecture.most_tokens == (18 if is_offset else 20)
    model: Any = AutoModel.from_pretrained(family_dir)
    longest = torch.full((1, architecture.most_tokens), 7)
    model(input_ids=longest)
    if is_offset:  # only there is our limit not plainly the table's length
        with pytest.raises((IndexError, RuntimeError)):
            model(input_ids=torch.full((1, architecture.most_tokens + 1), 7))


@pytest.mark.parametrize("n_tokens", [1, 9, 512])
def test_relative_positions_fall_into_the_buckets_of_transformers(n_tokens: int) -> None:
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    places = torch.arange(n_tokens)
    theirs = MPNetEncoder.relative_position_bucket(places[None, :] - places[:, None])
    assert np.array_equal(relative_buckets(n_tokens, 32), theirs.numpy())


def sharded(model_dir: Path, target: Path) -> None:
    torch.manual_seed(0)
    AutoModel.from_pretrained(model_dir).save_pretrained(target, max_shard_size="20KB")
    assert len(list(target.glob("*.safetensors"))) > 1


def torch_file(model_dir: Path, target: Path) -> None:
    torch.save(load_file(model_dir / "model.safetensors"), target / "pytorch_model.bin")


def torch_parts(model_dir: Path, target: Path) -> None:
    tensors = load_file(model_dir / "model.safetensors")
    parts: dict[str, dict[str, torch.Tensor]] = {"a.bin": {}, "b.bin": {}}
    where = {name: "ab"[i % 2] + ".bin" for i, name in enumerate(tensors)}
    for name, tensor in tensors.items():
        parts[where[name]][name] = tensor
    for part, content in parts.items():
        torch.save(content, target / part)
    index = json.dumps({"weight_map": where})
    (target / "pytorch_model.bin.index.json").write_text(index)


def half_precision(model_dir: Path, target: Path) -> None:
    tensors = load_file(model_dir / "model.safetensors")
    save_file({n: t.half() for n, t in tensors.items()}, target / "model.safetensors")


@pytest.mark.parametrize("write", [sharded, torch_file, torch_parts, half_precision])
def test_checkpoints_in_other_files_hold_the_same_encoder(
    write: Callable[[Path, Path], None], model_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_bytes((model_dir / "config.json").read_bytes())
    write(model_dir, tmp_path)
    read, whole = load_backbone(tmp_path, CPU).weights, load_backbone(model_dir, CPU).weights
    assert list(read) == list(whole)
    for name, tensor in read.items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, whole[name], atol=1e-3, rtol=1e-3)


def test_the_embedded_models_are_told_from_their_configurations(tmp_path: Path) -> None:
    BertConfig(
        hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    ).save_pretrained(tmp_path)
    assert read_architecture(tmp_path) == MINILM_L6
    DistilBertConfig().save_pretrained(tmp_path)  # its defaults are distilbert-base-uncased
    assert read_architecture(tmp_path) == DISTILBERT_BASE
    MPNetConfig(max_position_embeddings=514).save_pretrained(tmp_path)
    assert read_architecture(tmp_path) == MPNET_BASE
