"""The reference for local training: a textbook PyTorch loop over Hugging Face's own encoder."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from learner.spec import LocalJob
from learner.state import State
from learner.tasks import Task
from learner.tuning.parameters import BACKBONE

LORA_ALPHA = 6.0
KEY_BIAS = "attention.self.key.bias"

RULES: list[dict[str, Any]] = [
    {"optimizer": "sgd", "momentum": 0.9, "lr": 1e-2},
    {"optimizer": "sgd", "momentum": 0.5, "weight_decay": 0.1, "lr": 1e-2},
    {"weight_decay": 0.1},
    {"max_grad_norm": 0.05, "optimizer": "sgd", "lr": 0.1},
    {"prox_mu": 10.0, "optimizer": "sgd", "lr": 0.05},
    {"lr_decay": "linear"},
    {"lr_decay": "cosine", "prox_mu": 1.0, "max_grad_norm": 0.1, "weight_decay": 0.01},
]
"""Options of a LocalJob beyond the optimiser and its learning rates."""


class Reference(nn.Module):
    """Hugging Face's own encoder, padded batches, adapters by hooks; only names are ours."""

    def __init__(self, model_dir: Path, state: State) -> None:
        super().__init__()
        self.encoder = BertModel(BertConfig.from_pretrained(model_dir), add_pooling_layer=False)
        self.encoder.load_state_dict(load_file(model_dir / "model.safetensors"))
        self.encoder.requires_grad_(False).eval()
        self.own: dict[str, Tensor] = {}
        modules = dict(self.encoder.named_parameters())
        for name, value in state.items():
            if name.startswith(BACKBONE):
                self.own[name] = modules[name.removeprefix(BACKBONE)].requires_grad_()
                self.own[name].data.copy_(torch.tensor(value))
            else:
                self.own[name] = torch.tensor(value, requires_grad=True)
        for i, layer in enumerate(self.encoder.encoder.layer):
            layer.output.dense.register_forward_hook(self._hook(f"param.adapter.{i}."))
            for part in ("query", "value"):
                projection = getattr(layer.attention.self, part)
                projection.register_forward_hook(self._low_rank(f"param.lora.{i}.{part}."))

    def _low_rank(self, prefix: str) -> Callable[[nn.Module, Any, Tensor], Tensor]:
        def add(module: nn.Module, inputs: tuple[Tensor], y: Tensor) -> Tensor:
            if f"{prefix}A" not in self.own:
                return y
            a, b = self.own[f"{prefix}A"], self.own[f"{prefix}B"]
            return y + LORA_ALPHA / len(a) * (inputs[0] @ a.T @ b.T)

        return add

    def _hook(self, prefix: str) -> Callable[[nn.Module, Any, Tensor], Tensor]:
        units = sorted({n.rsplit(".", 2)[0] for n in self.own if n.startswith(prefix)})

        def stack(module: nn.Module, inputs: Any, x: Tensor) -> Tensor:
            for unit in units:
                p = {
                    part: self.own[f"{unit}.{part}"]
                    for part in ("down.weight", "down.bias", "up.weight", "up.bias")
                }
                inner = torch.relu(x @ p["down.weight"].T + p["down.bias"])
                x = x + inner @ p["up.weight"].T + p["up.bias"]
            return x

        return stack

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(2).float()
        mean = (hidden * weights).sum(1) / weights.sum(1)
        logits: Tensor = mean @ self.own["param.head.weight"].T + self.own["param.head.bias"]
        return logits


def train_plainly(
    model_dir: Path, task: Task, state: State, job: LocalJob, shard: np.ndarray
) -> State:
    """Train the job in a textbook loop with torch's own optimisers."""
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding()
    model = Reference(model_dir, state)
    head = [p for n, p in model.own.items() if n.startswith("param.head")]
    rest = [p for n, p in model.own.items() if not n.startswith("param.head")]
    groups = [{"params": head, "lr": job.head_lr}, {"params": rest, "lr": job.lr}]
    groups = [group for group in groups if group["params"]]
    decay = job.weight_decay
    optimizer = (
        torch.optim.AdamW(groups, weight_decay=decay)
        if job.optimizer == "adamw"
        else torch.optim.SGD(groups, momentum=job.momentum, weight_decay=decay)
    )
    share: Callable[[int], float] = {
        "constant": lambda step: 1.0,
        "linear": lambda step: 1 - step / job.n_batches,
        "cosine": lambda step: 0.5 * (1 + math.cos(math.pi * step / job.n_batches)),
    }[job.lr_decay]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    start = {name: p.detach().clone() for name, p in model.own.items()}
    generator = np.random.default_rng(job.seed)
    steps: list[np.ndarray] = []
    while len(steps) < job.n_batches:
        order = generator.permutation(shard)
        steps += [order[i : i + job.batch_size] for i in range(0, len(order), job.batch_size)]
    for texts in steps[: job.n_batches]:
        encoded = tokenizer.encode_batch([task.train.texts[i] for i in texts])
        ids = torch.tensor([e.ids for e in encoded])
        mask = torch.tensor([e.attention_mask for e in encoded])
        loss = nn.functional.cross_entropy(model(ids, mask), torch.tensor(task.train.labels[texts]))
        if job.prox_mu:
            distances = (((p - start[name]) ** 2).sum() for name, p in model.own.items())
            loss = loss + job.prox_mu / 2 * sum(distances, start=torch.zeros(()))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if job.max_grad_norm is not None:
            nn.utils.clip_grad_norm_(model.own.values(), job.max_grad_norm)
        optimizer.step()
        schedule.step()
    return {name: p.detach().numpy() for name, p in model.own.items()}


def greatest_difference(one: State, other: State) -> float:
    """The greatest difference of two states, apart from the key biases.

    The gradient of a key bias is zero, since a softmax ignores a constant. AdamW turns its rounding
    noise into steps, which have no effect.
    """
    assert set(one) == set(other)
    return max(float(np.abs(one[name] - other[name]).max()) for name in one if KEY_BIAS not in name)
