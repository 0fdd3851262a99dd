"""Local training: one pass trains several clients side by side over one frozen encoder."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from .backbone import WORD_EMBEDDINGS, Backbone
from .batches import Examples
from .forward import logits
from .optimizers import AdamW, Optimizer, Sgd
from .spec import Adapter, LocalJob, Update
from .trainer import DivergedError, State
from .tuning.parameters import BACKBONE

PASS_TOKENS = 1024
"""Tokens of one step of a pass, were every text of full length; more clients gain nothing."""

_WORDS = BACKBONE + WORD_EMBEDDINGS


def passes(updates: Sequence[Update], max_tokens: int) -> Iterator[list[Update]]:
    """Cut one aggregation's updates, in their order, into what is trained side by side.

    A function of the recipe and of `max_tokens` (of the data) alone: what else is computed,
    and where, must not reach the numbers. Clients that train layers of the encoder go alone.
    """
    for (_, batch_size, *_), group in groupby(updates, key=_trained_alike):
        jobs = iter(group)
        n_clients = max(1, PASS_TOKENS // (batch_size * max_tokens))
        if not isinstance(updates[0].job.config, Adapter):
            n_clients = 1
        while chunk := list(islice(jobs, n_clients)):
            yield chunk


def _trained_alike(update: Update) -> tuple[str, int, float, float]:
    job = update.job
    return job.optimizer, job.batch_size, job.lr, job.head_lr


def batch_plan(job: LocalJob, shard: np.ndarray) -> list[np.ndarray]:
    """The texts of each of the job's steps: epochs of permutations keyed by the job's seed."""
    if job.n_batches and not len(shard):
        raise ValueError(f"client {job.shard.client_id} has no texts to train on")
    generator = np.random.default_rng(job.seed)
    plan: list[np.ndarray] = []
    while len(plan) < job.n_batches:
        order = generator.permutation(shard)
        plan.extend(np.split(order, range(job.batch_size, len(order), job.batch_size)))
    return plan[: job.n_batches]


def train_pass(
    backbone: Backbone,
    examples: Examples,
    jobs: Sequence[LocalJob],
    shards: Sequence[np.ndarray],
    bases: Sequence[State],
) -> list[dict[str, Tensor]]:
    """The trained parameters of each job, started from its base; the optimiser starts fresh.

    All jobs have one configuration, batch size, optimiser and learning rates. Raises
    DivergedError.
    """
    # Longest job first: those still training are then a leading part of every stack.
    order = sorted(range(len(jobs)), key=lambda i: -jobs[i].n_batches)
    plans = [batch_plan(jobs[i], shards[i]) for i in order]
    names = list(bases[0])
    words = _touched_words(examples, plans[0]) if _WORDS in names else None
    device = backbone.weights[WORD_EMBEDDINGS].device
    stacks = [_stack([bases[i][name] for i in order], name, words, device) for name in names]
    optimizer = _optimizer(jobs[0], names, stacks)
    for step in range(len(plans[0])):
        active = [plan[step] for plan in plans if step < len(plan)]
        batch = examples.batch(jobs[0].config, active, words)
        leaves = [stack[: len(active)].detach().requires_grad_() for stack in stacks]
        scores = logits(backbone, dict(zip(names, leaves, strict=True)), batch)  # (texts, labels)
        losses = F.cross_entropy(scores, batch.labels, reduction="none")
        loss = batch.client_texts.means(losses[:, None]).sum()  # clients do not meet in it
        optimizer.step(torch.autograd.grad(loss, leaves), len(active))
    trained: list[dict[str, Tensor]] = [{} for _ in jobs]
    for place, i in enumerate(order):
        own = {name: stack[place] for name, stack in zip(names, stacks, strict=True)}
        _require_finite(own, jobs[i])
        if words is not None:
            own[_WORDS] = _whole_table(bases[i][_WORDS], words, own[_WORDS])
        trained[i] = own
    return trained


def _touched_words(examples: Examples, plan: Sequence[np.ndarray]) -> np.ndarray:
    """Sorted token ids of a job's texts. Other rows of the word table have no gradient, and with
    fresh optimiser state and no weight decay AdamW does not move them."""
    if not plan:
        return np.zeros(0, np.int64)
    tokens = examples.tokens
    return np.unique(tokens.ids[tokens.rows(np.unique(np.concatenate(plan)))])


def _whole_table(base: np.ndarray, words: np.ndarray, rows: Tensor) -> Tensor:
    table = torch.tensor(base, device=rows.device)
    table[torch.from_numpy(words).to(rows.device)] = rows
    return table


def _stack(
    values: Sequence[np.ndarray], name: str, words: np.ndarray | None, device: torch.device
) -> Tensor:
    """(clients, ...): a copy of each base's tensor, of the word table only the given rows."""
    if name == _WORDS and words is not None:
        values = [value[words] for value in values]
    return torch.from_numpy(np.stack(values)).to(device)


def _optimizer(job: LocalJob, names: Sequence[str], stacks: Sequence[Tensor]) -> Optimizer:
    lrs = [job.head_lr if name.startswith("param.head.") else job.lr for name in names]
    return AdamW(stacks, lrs) if job.optimizer == "adamw" else Sgd(stacks, lrs)


def _require_finite(params: Mapping[str, Tensor], job: LocalJob) -> None:
    """A sum is finite only if every weight is, and costs a fortieth of asking each."""
    if not all(math.isfinite(tensor.sum()) for tensor in params.values()):
        raise DivergedError(
            f"training diverged: client {job.shard.client_id}, configuration {job.config}, "
            f"{job.optimizer} lr {job.lr!r}, head_lr {job.head_lr!r}"
        )
