"""SGD and AdamW for stacks of clients, of which the first ones are still training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Protocol

import torch
from torch import Tensor
from torch.optim.adamw import adamw


class Optimizer(Protocol):
    """Updates tensors of shape (clients, ...) in place."""

    def step(self, grads: Sequence[Tensor], factors: Sequence[float]) -> None:
        """Update the first len(factors) clients of all tensors with their gradients.

        A client's learning rates are the optimiser's times its factor.
        """
        ...


class Sgd:
    """SGD with momentum and weight decay as in torch: decay added to the gradient, no dampening."""

    def __init__(
        self,
        params: Sequence[Tensor],
        lrs: Sequence[float],
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        self._params, self._lrs = params, lrs
        self._momentum, self._weight_decay = momentum, weight_decay
        self._velocities = [torch.zeros_like(param) for param in params] if momentum else []

    @torch.no_grad()
    def step(self, grads: Sequence[Tensor], factors: Sequence[float]) -> None:
        n_active = len(factors)
        if self._weight_decay:
            decays = (param[:n_active] * self._weight_decay for param in self._params)
            grads = [grad + decay for grad, decay in zip(grads, decays, strict=True)]
        if self._momentum:
            moving = [velocity[:n_active] for velocity in self._velocities]
            pairs = zip(moving, grads, strict=True)
            grads = [velocity.mul_(self._momentum).add_(grad) for velocity, grad in pairs]
        for own, factor in _equal_runs(factors):
            for param, grad, lr in zip(self._params, grads, self._lrs, strict=True):
                param[own].sub_(grad[own], alpha=lr * factor)


class AdamW:
    """AdamW with betas 0.9 and 0.999, eps 1e-8.

    Calls torch's fused update, one pass over memory. It calls the function and not the class,
    because the class cannot update a part of a tensor.
    """

    def __init__(
        self, params: Sequence[Tensor], lrs: Sequence[float], *, weight_decay: float = 0.0
    ) -> None:
        self._params, self._lrs, self._weight_decay = params, lrs, weight_decay
        self._means = [torch.zeros_like(param) for param in params]
        self._squares = [torch.zeros_like(param) for param in params]
        self._steps = [torch.zeros((), device=param.device) for param in params]

    @torch.no_grad()
    def step(self, grads: Sequence[Tensor], factors: Sequence[float]) -> None:
        runs = list(_equal_runs(factors))
        # The kernel increments the step in place, so each group after the first needs a copy.
        copies = [[step.clone() for step in self._steps] for _ in runs[1:]]
        for (own, factor), steps in zip(runs, [self._steps, *copies], strict=True):
            for lr in dict.fromkeys(self._lrs):
                group = [i for i, mine in enumerate(self._lrs) if mine == lr]
                adamw(
                    [self._params[i][own] for i in group],
                    # The fused kernel ignores strides and would misread a transposed gradient.
                    [grads[i][own].contiguous() for i in group],
                    [self._means[i][own] for i in group],
                    [self._squares[i][own] for i in group],
                    [],
                    [steps[i] for i in group],
                    fused=True,
                    amsgrad=False,
                    beta1=0.9,
                    beta2=0.999,
                    lr=lr * factor,
                    weight_decay=self._weight_decay,
                    eps=1e-8,
                    maximize=False,
                )


@torch.no_grad()
def clip(grads: Sequence[Tensor], max_norm: float) -> list[Tensor]:
    """Scale each client's gradients so that their norm over all tensors is at most `max_norm`.

    Like torch.nn.utils.clip_grad_norm_, for tensors whose first dimension is the client.
    """
    squares = [grad.flatten(1).square().sum(1) for grad in grads]
    norms = torch.stack(squares).sum(0).sqrt()  # (clients,)
    scales = (max_norm / (norms + 1e-6)).clamp(max=1.0)
    return [grad * scales.view(-1, *(1,) * (grad.dim() - 1)) for grad in grads]


def _equal_runs(factors: Sequence[float]) -> Iterator[tuple[slice, float]]:
    """Slices of consecutive clients with the same factor."""
    start = 0
    for factor, run in groupby(factors):
        stop = start + sum(1 for _ in run)
        yield slice(start, stop), factor
        start = stop
