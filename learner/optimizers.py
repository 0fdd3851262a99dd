"""Local optimisers over stacks of clients, of which a leading part is still training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.optim.adamw import adamw


class Optimizer(Protocol):
    def step(self, grads: Sequence[Tensor], n_active: int) -> None:
        """Move the first `n_active` clients of every tensor by gradients of that many clients."""
        ...


class Sgd:
    """Plain stochastic gradient descent."""

    def __init__(self, params: Sequence[Tensor], lrs: Sequence[float]) -> None:
        self._params, self._lrs = params, lrs

    @torch.no_grad()
    def step(self, grads: Sequence[Tensor], n_active: int) -> None:
        for param, grad, lr in zip(self._params, grads, self._lrs, strict=True):
            param[:n_active].sub_(grad, alpha=lr)


class AdamW:
    """AdamW without weight decay (betas 0.9 and 0.999, eps 1e-8), starting fresh.

    torch's own fused update, a single pass over memory, called as a function because the class
    cannot move a part of a tensor.
    """

    def __init__(self, params: Sequence[Tensor], lrs: Sequence[float]) -> None:
        self._params, self._lrs = params, lrs
        self._means = [torch.zeros_like(param) for param in params]
        self._squares = [torch.zeros_like(param) for param in params]
        self._steps = [torch.zeros((), device=param.device) for param in params]

    @torch.no_grad()
    def step(self, grads: Sequence[Tensor], n_active: int) -> None:
        for lr in dict.fromkeys(self._lrs):
            group = [i for i, own in enumerate(self._lrs) if own == lr]
            adamw(
                [self._params[i][:n_active] for i in group],
                # The fused kernel walks memory, so a transposed gradient would be misread.
                [grads[i].contiguous() for i in group],
                [self._means[i][:n_active] for i in group],
                [self._squares[i][:n_active] for i in group],
                [],
                [self._steps[i] for i in group],
                fused=True,
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=lr,
                weight_decay=0.0,
                eps=1e-8,
                maximize=False,
            )
