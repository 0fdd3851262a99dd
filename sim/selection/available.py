"""Prefers clients that stay available until the expected end of their job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from learner.ranges import require_above_0

from .client_history import ClientHistory
from .context import SelectionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """First, in random order, clients that stay for `margin` times their job's expected seconds;
    then the others, those that stay longest first.

    The forecast is read from the availability trace, so it is perfect. REFL (Abdelmoniem et al.,
    EuroSys 2023) also uses forecasts, but prefers those of the staying clients that will be absent
    next, to reach their data; here all staying clients are equally likely.
    """

    kind: Literal["available"]
    margin: float = 1.0
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_above_0(margin=self.margin)

    def choose(self, context: SelectionContext, n: int, history: ClientHistory) -> list[int]:
        del history
        ids = context.shuffled(context.available())
        left_s = np.array([context.next_absence_s(i) for i in ids.tolist()]) - context.now_s
        stays = left_s >= self.margin * context.expected_s[ids]
        leaves = ids[~stays][np.argsort(-left_s[~stays], kind="stable")]
        chosen: list[int] = np.concatenate([ids[stays], leaves])[:n].tolist()
        return chosen
