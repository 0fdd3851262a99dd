"""Local training: one pass trains several clients together over one frozen encoder."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from learner.batch_order import batch_order
from learner.encoder.backbone import Backbone
from learner.encoder.weight_shapes import WORD_EMBEDDINGS
from learner.graph.trainer import DivergedError
from learner.spec import AddOn, Feedback, LocalJob, Shard, Update
from learner.state import State
from learner.tuning.parameters import BACKBONE

from .batches import Examples
from .forward import logits
from .optimizers import AdamW, Optimizer, Sgd, clip
from .schedules import lr_factor

PASS_TOKENS = 1024
"""Most tokens of one step of a pass if all texts had full length. More would not be faster."""

_WORDS = BACKBONE + WORD_EMBEDDINGS
_ANY_SHARD = Shard(client_id=0, n_samples=0, digest="")


def passes(updates: Sequence[Update], max_tokens: int) -> Iterator[list[Update]]:
    """Divide an aggregation's updates, in their order, into passes that are trained together.

    The result depends only on the recipe and on `max_tokens`, because the composition of a pass
    changes the last bits. Clients that fine-tune layers of the encoder get a pass each.
    """
    for _, group in groupby(updates, key=_trained_alike):
        jobs = iter(group)
        n_clients = max(1, PASS_TOKENS // (updates[0].job.batch_size * max_tokens))
        if not isinstance(updates[0].job.config, AddOn):
            n_clients = 1
        while chunk := list(islice(jobs, n_clients)):
            yield chunk


def _trained_alike(update: Update) -> Hashable:
    """What the clients of a pass must have in common: a job without shard, length and seed."""
    return replace(update.job, shard=_ANY_SHARD, n_batches=0, seed=0)


def batch_plan(job: LocalJob, shard: np.ndarray) -> list[np.ndarray]:
    """The texts of each step (learner.batch_order)."""
    if job.n_batches and not len(shard):
        raise ValueError(f"client {job.shard.client_id} has no training examples")
    order = batch_order(job.seed, len(shard), job.batch_size, job.n_batches)
    return [shard[texts] for texts in order]


class Trained(NamedTuple):
    """A job's final parameters, and its client's training loss."""

    params: Mapping[str, Tensor]
    feedback: Feedback


def train_pass(
    backbone: Backbone,
    examples: Examples,
    jobs: Sequence[LocalJob],
    shards: Sequence[np.ndarray],
    bases: Sequence[State],
    around: Sequence[State],
) -> list[Trained]:
    """Train each job from its base, with a new optimiser state.

    `around`: the state that each job runs, of which its base is a part if it trains only a part.
    The jobs may differ only in shard, seed and number of steps. Raises DivergedError.
    """
    like = jobs[0]
    # Longest job first: the clients that are still training are then the first of every stack.
    order = sorted(range(len(jobs)), key=lambda i: -jobs[i].n_batches)
    plans = [batch_plan(jobs[i], shards[i]) for i in order]
    names = list(bases[0])
    moves_touched_words_alone = _WORDS in names and not like.weight_decay
    words = _touched_words(examples, plans[0]) if moves_touched_words_alone else None
    device = backbone.weights[WORD_EMBEDDINGS].device
    stacks = [_stack([bases[i][name] for i in order], name, words, device) for name in names]
    fixed = _fixed(like, [around[i] for i in order], device)
    starts = [stack.clone() for stack in stacks] if like.prox_mu else []
    optimizer = _optimizer(like, names, stacks)
    step_losses: list[Tensor] = []  # (targets,) each
    for step in range(len(plans[0])):
        active = [plan[step] for plan in plans if step < len(plan)]
        batch = examples.batch(like.received_config, active, words)
        leaves = [stack[: len(active)].detach().requires_grad_() for stack in stacks]
        params = _with_fixed(dict(zip(names, leaves, strict=True)), fixed)
        scores = logits(backbone, params, batch)  # (targets, labels)
        losses = F.cross_entropy(scores, batch.labels, reduction="none")
        step_losses.append(losses.detach())
        loss = batch.client_targets.means(losses[:, None]).sum()
        grads: Sequence[Tensor] = torch.autograd.grad(loss, leaves)
        if like.prox_mu:
            grads = _pulled_back(grads, leaves, starts, like.prox_mu)
        if like.max_grad_norm is not None:
            grads = clip(grads, like.max_grad_norm)
        factors = [lr_factor(like.lr_decay, step, len(plan)) for plan in plans[: len(active)]]
        optimizer.step(grads, factors)
    n_targets = examples.targets.lengths
    counts = [[n_targets[texts].sum() for texts in plan] for plan in plans]
    feedback = _feedback(counts, step_losses)
    trained: dict[int, Trained] = {}
    for place, i in enumerate(order):
        own = {name: stack[place] for name, stack in zip(names, stacks, strict=True)}
        _require_finite(own, feedback[place], jobs[i])
        if words is not None:
            own[_WORDS] = _whole_table(bases[i][_WORDS], words, own[_WORDS])
        trained[i] = Trained(own, feedback[place])
    return [trained[i] for i in range(len(jobs))]


def _fixed(job: LocalJob, around: Sequence[State], device: torch.device) -> dict[str, Tensor]:
    """(clients, ...) The tensors that a job runs and does not train as a whole."""
    if job.received_config == job.config:
        return {}
    return {name: _stack([own[name] for own in around], name, None, device) for name in around[0]}


def _with_fixed(trained: dict[str, Tensor], fixed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All tensors that a step runs: of a larger tensor, the leading part is trained."""
    params = dict(trained)
    for name, whole in fixed.items():
        inner = trained.get(name)
        if inner is None:
            params[name] = whole[: len(next(iter(trained.values())))]
        elif inner.shape[1:] != whole.shape[1:]:
            params[name] = _enclosed(inner, whole[: len(inner)])
    return params


def _enclosed(inner: Tensor, whole: Tensor) -> Tensor:
    """The whole tensor with another leading part; gradients reach that part alone."""
    missing = [n - m for n, m in zip(whole.shape, inner.shape, strict=True)]
    is_inside = F.pad(torch.ones_like(inner), [n for m in missing[::-1] for n in (0, m)])
    return F.pad(inner, [n for m in missing[::-1] for n in (0, m)]) + whole * (1.0 - is_inside)


def _feedback(counts: Sequence[Sequence[int]], step_losses: Sequence[Tensor]) -> list[Feedback]:
    """Each client's feedback, from the losses of the steps (client after client in each).

    `counts` is each client's number of losses in each of its steps.
    """
    own: list[list[np.ndarray]] = [[] for _ in counts]
    for step, losses in enumerate(step_losses):
        lengths = [plan[step] for plan in counts if step < len(plan)]
        shares = np.split(losses.cpu().numpy().astype(np.float64), np.cumsum(lengths)[:-1])
        for parts, share in zip(own, shares, strict=False):  # shorter jobs have ended
            parts.append(share)
    whole = (np.concatenate(parts or [np.zeros(1)]) for parts in own)
    return [
        Feedback(mean_loss=float(of.mean()), rms_loss=math.sqrt(float(np.square(of).mean())))
        for of in whole
    ]


@torch.no_grad()
def _pulled_back(
    grads: Sequence[Tensor], params: Sequence[Tensor], starts: Sequence[Tensor], mu: float
) -> list[Tensor]:
    """Add the gradient of FedProx's proximal term, mu / 2 x ||w - w0||^2 (Li et al., 2020)."""
    trios = zip(grads, params, starts, strict=True)
    return [grad + mu * (param - start[: len(param)]) for grad, param, start in trios]


def _touched_words(examples: Examples, plan: Sequence[np.ndarray]) -> np.ndarray:
    """The sorted token ids of a job's texts.

    Other rows of the word table have no gradient. Without weight decay, neither optimiser changes
    them, since its state is new.
    """
    if not plan:
        return np.zeros(0, np.int64)
    tokens = examples.tokens
    return np.unique(tokens.ids[tokens.rows(np.unique(np.concatenate(plan)))])


def _whole_table(base: np.ndarray, words: np.ndarray, rows: Tensor) -> Tensor:
    """The base's word table with the trained rows."""
    table = torch.tensor(base, device=rows.device)
    table[torch.from_numpy(words).to(rows.device)] = rows
    return table


def _stack(
    values: Sequence[np.ndarray], name: str, words: np.ndarray | None, device: torch.device
) -> Tensor:
    """(clients, ...): copies of the bases' tensors; of the word table only the rows `words`."""
    if name == _WORDS and words is not None:
        values = [value[words] for value in values]
    return torch.from_numpy(np.stack(values)).to(device)


def _optimizer(job: LocalJob, names: Sequence[str], stacks: Sequence[Tensor]) -> Optimizer:
    lrs = [job.head_lr if name.startswith("param.head.") else job.lr for name in names]
    if job.optimizer == "adamw":
        return AdamW(stacks, lrs, weight_decay=job.weight_decay)
    return Sgd(stacks, lrs, momentum=job.momentum, weight_decay=job.weight_decay)


def _require_finite(params: Mapping[str, Tensor], feedback: Feedback, job: LocalJob) -> None:
    """Raise DivergedError unless all weights and the loss are finite.

    A sum is finite only if all weights are, and costs 1/40 of checking each.
    """
    is_finite = all(math.isfinite(tensor.sum()) for tensor in params.values())
    if not (is_finite and math.isfinite(feedback.rms_loss)):
        raise DivergedError(
            f"training diverged: client {job.shard.client_id}, configuration {job.config}, "
            f"{job.optimizer} lr {job.lr!r}, head_lr {job.head_lr!r}"
        )
