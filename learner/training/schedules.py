"""Learning-rate schedules: constant, linear, cosine."""

from __future__ import annotations

import math

from learner.spec import LrDecay


def lr_factor(kind: LrDecay, done: int, total: int) -> float:
    """The factor (0-1) of the learning rate after `done` of `total` steps or rounds.

    constant: 1; linear: 1 - done / total; cosine: (1 + cos(pi x done / total)) / 2. After `total`,
    linear and cosine stay 0.

    >>> [lr_factor("linear", done, 4) for done in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    if kind == "constant":
        return 1.0
    share = min(done / total, 1.0)
    return 1.0 - share if kind == "linear" else (1.0 + math.cos(math.pi * share)) / 2.0
