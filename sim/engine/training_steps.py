"""The training steps of one job: their seconds, and the activations that they read and store.

A step computes the frozen layers of those of its texts whose activations are not stored, and stores
them. A text that is stored for a greater tuned depth needs only the frozen layers between. Which
texts a step has is known from the job's seed, as it is to the trainer (learner.batch_order).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.cost.step_price import StepPrice
from sim.fleet.activation_cache import ActivationCache, by_text

_RELATIVE = 1e-12

Order = list[NDArray[np.int64]]
"""Each step's texts, as positions in the shard."""


class Miss(NamedTuple):
    """What a step lacks: the part (0-1) of its texts' frozen layers that it has to compute, and the
    number of texts that it stores."""

    share: float
    n_new: int


class TrainingSteps:
    """The steps of a job that stores activations.

    `draw`: each step's texts. `work_s`: seconds at full speed of all steps together, times the
    job's `factor`. `n_new`: the number of texts that they store.
    """

    __slots__ = (
        "_batch_size",
        "_cache",
        "_depths",
        "_draw",
        "_factor",
        "_found",
        "_n_steps",
        "_price",
        "n_new",
        "work_s",
    )

    def __init__(
        self,
        cache: ActivationCache,
        price: StepPrice,
        *,
        n_steps: int,
        batch_size: int,
        draw: Callable[[], Order],
        factor: float,
    ) -> None:
        self._cache, self._price, self._factor = cache, price, factor
        self._n_steps, self._batch_size, self._draw = n_steps, batch_size, draw
        self._price_steps()

    def reprice(self) -> float:
        """Price the steps again, with what is stored by now; return new over former seconds."""
        former_s = self.work_s
        self._price_steps()
        return self.work_s / former_s if former_s else 1.0

    def store(self, done_s: float) -> None:
        """Store the activations of the steps that are finished after `done_s` seconds of work."""
        depths, depth = self._cache.depths, self._price.depth
        if isinstance(depths, int) and depths >= depth:
            return
        if n_done := self._n_done(done_s):
            is_epoch = n_done >= self._cache.steps_an_epoch(self._batch_size)
            self._cache.store(depth, None if is_epoch else np.concatenate(self._draw()[:n_done]))

    def _n_done(self, done_s: float) -> int:
        if done_s >= self.work_s * (1.0 - _RELATIVE):
            return self._n_steps
        ends_s = accumulate(self._seconds(1, *miss) for miss in self._misses())
        return bisect_right(list(ends_s), done_s / self._factor * (1.0 + _RELATIVE))

    def _price_steps(self) -> None:
        """Where all texts are alike, it does not matter which of them come when."""
        self._depths = depths = self._cache.depths  # replaced, never changed, by a later store
        self._found: list[Miss] | None = None
        n_steps, batch_size = self._n_steps, self._batch_size
        if not isinstance(depths, int):
            misses = self._misses()
            self.n_new = sum(miss.n_new for miss in misses)
            work_s = sum(self._seconds(1, *miss) for miss in misses)
        elif depths >= self._price.depth:
            self.n_new, work_s = 0, n_steps * self._price.hits_s(depths)
        else:
            n_filling = min(n_steps, self._cache.steps_an_epoch(batch_size))
            self.n_new = self._cache.n_read(n_filling, batch_size)
            work_s = self._seconds(n_steps, n_filling, self.n_new)
        self.work_s = work_s * self._factor

    def _misses(self) -> list[Miss]:
        """What each step lacked when it was priced, after the steps before it; found once."""
        if self._found is not None:
            return self._found
        depths = by_text(self._depths, self._cache.n_texts)
        depth, n_frozen = self._price.depth, self._price.n_frozen
        misses = self._found = []
        for texts in self._draw():
            own = depths[texts]
            is_new = own < depth
            layers = np.where(is_new, n_frozen, own - depth)
            share = float(layers.mean()) / max(n_frozen, 1)
            misses.append(Miss(share, int(np.count_nonzero(is_new))))
            depths[texts] = np.maximum(own, depth)
        return misses

    def _seconds(self, n_steps: int, share: float, n_new: int) -> float:
        """Seconds of steps that lack this share (of one step's frozen layers) and store texts."""
        price, write_s = self._price, self._cache.write_s_per_text
        return price.hit_s * (n_steps - share) + price.miss_s * share + write_s * n_new
