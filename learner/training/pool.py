"""TrainingPool: the worker processes of a run. Imports torch when training begins, not before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from learner.graph.trainer import Trainer

if TYPE_CHECKING:
    from .torch_learner import TorchLearner

OnFill = Callable[[str, float], None]
"""Called with the split that is being encoded and the share that is done (0-1)."""


class TrainingPool:
    """A context manager with up to `workers` training processes.

    With one worker, this process trains. Otherwise the workers start when the first training is
    needed; each takes about 4 s to start and loads its own encoder.
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
        """A Trainer with the same results as `make(on_fill=...)`; `make` must be picklable."""
        if self._workers == 1:
            return make(on_fill=on_fill)
        from .pooled_trainer import PooledTrainer

        return self._open.enter_context(
            PooledTrainer(make, self._workers, max_tokens=max_tokens, on_fill=on_fill)
        )


ALONE = TrainingPool(1)
"""A pool without worker processes."""
