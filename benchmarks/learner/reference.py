"""Reference for the benchmarks: clients trained one at a time with transformers' own model.

It has the same adapters (by hooks), batches, optimiser and average, but shares no code with the
learner except names and the order of the batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModel
from transformers.utils import logging

from learner.encoder.tokens import Tokens
from learner.spec import Update
from learner.training.local import batch_plan

State = Mapping[str, np.ndarray]


class Reference(nn.Module):
    """The frozen encoder with serial adapter units and a head on the mean of its tokens."""

    def __init__(self, model_dir: Path) -> None:
        super().__init__()
        logging.set_verbosity_error()  # it would warn of the missing pooler
        self.encoder = AutoModel.from_pretrained(model_dir, add_pooling_layer=False)
        self.encoder.requires_grad_(False).eval()
        self.own: dict[str, Tensor] = {}
        for i, layer in enumerate(self.encoder.encoder.layer):
            layer.output.dense.register_forward_hook(self._stack(f"param.adapter.{i}."))

    def _stack(self, prefix: str) -> Callable[[nn.Module, Any, Tensor], Tensor]:
        def forward(module: nn.Module, inputs: Any, x: Tensor) -> Tensor:
            unit = 0
            while f"{prefix}{unit}.up.weight" in self.own:
                down, up = (f"{prefix}{unit}.{part}" for part in ("down", "up"))
                inner = x @ self.own[f"{down}.weight"].T + self.own[f"{down}.bias"]
                x = x + torch.relu(inner) @ self.own[f"{up}.weight"].T + self.own[f"{up}.bias"]
                unit += 1
            return x

        return forward

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(texts, tokens) -> (texts, labels)."""
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(2).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        scores: Tensor = mean.float() @ self.own["param.head.weight"].T
        return scores + self.own["param.head.bias"]


def train_one_by_one(
    model: Reference,
    base: State,
    updates: Sequence[Update],
    shards: Mapping[int, np.ndarray],
    tokens: Tokens,
    labels: np.ndarray,
    pad_to: int | None,
) -> State:
    """FedAvg of the clients' models; batches padded to `pad_to` tokens, or to their longest."""
    sums = {name: np.zeros(value.shape) for name, value in base.items()}
    for update in updates:
        job = update.job
        model.own = {name: torch.tensor(value).requires_grad_() for name, value in base.items()}
        head = [p for name, p in model.own.items() if name.startswith("param.head")]
        rest = [p for name, p in model.own.items() if not name.startswith("param.head")]
        groups = [{"params": head, "lr": job.head_lr}, {"params": rest, "lr": job.lr}]
        optimizer = torch.optim.AdamW([g for g in groups if g["params"]], weight_decay=0.0)
        for texts in batch_plan(job, shards[job.shard.client_id]):
            ids, mask = _padded(tokens, texts, pad_to)
            loss = nn.functional.cross_entropy(model(ids, mask), torch.from_numpy(labels[texts]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        for name, parameter in model.own.items():
            sums[name] += update.weight * parameter.detach().numpy()
    total = sum(update.weight for update in updates)
    return {name: (value / total).astype(np.float32) for name, value in sums.items()}


def _padded(tokens: Tokens, texts: np.ndarray, pad_to: int | None) -> tuple[Tensor, Tensor]:
    lengths = tokens.lengths[texts]
    longest = pad_to or int(lengths.max())
    mask = np.arange(longest) < lengths[:, None]
    ids = np.zeros(mask.shape, np.int64)
    ids[mask] = tokens.ids[tokens.rows(texts)]
    return torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))
