"""Those first who will still be there when their work ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from .history import History
from .offer import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """In keyed order, clients that stay for `margin` times their job's expected seconds; then the
    others, the longest to stay first.

    The forecast is the availability trace itself: what a perfect one would bring. REFL
    (Abdelmoniem et al., EuroSys 2023) forecasts too, but prefers, of those who stay, the ones who
    will be away next, so that rare data is met; here all who stay are alike.
    """

    kind: Literal["available"]
    margin: float = 1.0
    needs_feedback: ClassVar[bool] = False
    needs_history: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.margin <= 0:
            raise ValueError(f"margin must be above 0, got {self.margin}")

    def choose(self, offer: Offer, n: int, history: History) -> list[int]:
        del history
        ids = offer.shuffled(offer.available())
        left_s = np.array([offer.next_absence_s(i) for i in ids.tolist()]) - offer.now_s
        stays = left_s >= self.margin * offer.expected_s[ids]
        going = ids[~stays][np.argsort(-left_s[~stays], kind="stable")]
        chosen: list[int] = np.concatenate([ids[stays], going])[:n].tolist()
        return chosen
