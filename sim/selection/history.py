"""What the server has seen of its clients along one lineage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learner.spec import Feedback


@dataclass(slots=True)
class History:
    """Columns by client id, and what selection policies remember of calls and aggregations.

    n_selected: how often it was called up. last_round: the lineage's round in which its update was
    last used (-1: never). mean_loss, rms_loss: as it last reported (NaN: never, or not asked).
    duration_s: seconds of its last finished job (NaN: none). leaders: the preferred client of each
    call. utilities: of each aggregation, the sum of its clients' statistical utilities.
    """

    n_selected: NDArray[np.int64]
    last_round: NDArray[np.int64]
    mean_loss: NDArray[np.float64]
    rms_loss: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    leaders: list[int] = field(default_factory=list)
    utilities: list[float] = field(default_factory=list)

    @staticmethod
    def of(n_clients: int) -> History:
        """Nothing seen yet."""
        return History(
            n_selected=np.zeros(n_clients, np.int64),
            last_round=np.full(n_clients, -1, np.int64),
            mean_loss=np.full(n_clients, np.nan),
            rms_loss=np.full(n_clients, np.nan),
            duration_s=np.full(n_clients, np.nan),
        )

    def copy(self) -> History:
        """For a branch of its own."""
        return History(
            n_selected=self.n_selected.copy(),
            last_round=self.last_round.copy(),
            mean_loss=self.mean_loss.copy(),
            rms_loss=self.rms_loss.copy(),
            duration_s=self.duration_s.copy(),
            leaders=list(self.leaders),
            utilities=list(self.utilities),
        )

    def note_selection(self, ids: Sequence[int]) -> None:
        """These were called up, the preferred first."""
        self.n_selected[list(ids)] += 1
        self.leaders.append(ids[0])

    def note_updates(self, round_no: int, ids: Sequence[int], seconds: Sequence[float]) -> None:
        """These clients' updates made the lineage's aggregation `round_no`."""
        own = list(ids)
        self.last_round[own] = round_no
        self.duration_s[own] = seconds

    def note_feedback(
        self, ids: Sequence[int], told: Sequence[Feedback], n_samples: NDArray[np.int64]
    ) -> None:
        """What the clients of one aggregation reported."""
        own = list(ids)
        self.mean_loss[own] = [one.mean_loss for one in told]
        self.rms_loss[own] = [one.rms_loss for one in told]
        self.utilities.append(float((n_samples[own] * self.rms_loss[own]).sum()))
