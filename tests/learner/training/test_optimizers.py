"""Optimisers on a part of a stack of clients equal torch's own, one client at a time."""

from __future__ import annotations

import pytest
import torch

from learner.training.optimizers import AdamW, Sgd


@pytest.mark.parametrize("kind", [AdamW, Sgd])
def test_clients_that_stop_early_stay_and_the_others_go_on(kind: type[AdamW | Sgd]) -> None:
    torch.manual_seed(0)
    start = torch.randn(3, 4, 5)
    grads = torch.randn(6, 3, 4, 5)
    n_steps = (6, 4, 1)
    stack = start.clone()
    ours = kind([stack], [0.1])
    for step in range(6):
        n_active = sum(n > step for n in n_steps)
        ours.step(
            [grads[step, :n_active].transpose(1, 2).contiguous().transpose(1, 2)], [1.0] * n_active
        )
    for client, n in enumerate(n_steps):
        own = start[client].clone().requires_grad_()
        plain = (
            torch.optim.AdamW([own], lr=0.1, weight_decay=0.0)
            if kind is AdamW
            else torch.optim.SGD([own], lr=0.1)
        )
        for step in range(n):
            own.grad = grads[step, client].clone()
            plain.step()
        torch.testing.assert_close(stack[client], own.detach(), atol=1e-6, rtol=1e-6)
