"""The worker processes of one run. No torch is imported before there is something to train."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from learner.graph.trainer import Trainer

if TYPE_CHECKING:
    from .torch_learner import TorchLearner

OnFill = Callable[[str, float], None]
"""Told which split is being encoded, and how much of it is (0-1)."""


class TrainingPool:
    """`workers` processes that train for this one, while the block lasts.

    With one worker this process trains itself. Otherwise each takes about 4 s to start and holds an
    encoder of its own; none starts before there is something to train.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._open = ExitStack()

    def __enter__(self) -> TrainingPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def trainer(
        self, make: Callable[..., TorchLearner], *, max_tokens: int, on_fill: OnFill
    ) -> Trainer:
        """What trains as `make(on_fill=...)` would, to the same bytes; `make` can be pickled."""
        if self._workers == 1:
            return make(on_fill=on_fill)
        from .pooled_trainer import PooledTrainer

        return self._open.enter_context(
            PooledTrainer(make, self._workers, max_tokens=max_tokens, on_fill=on_fill)
        )


ALONE = TrainingPool(1)
"""No processes but this one."""
