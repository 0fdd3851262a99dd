"""What the server has recorded about its clients along one lineage."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learner.spec import Feedback


@dataclass(slots=True)
class ClientHistory:
    """What selection policies read. The arrays have one value per client id.

    n_selected: how often it was selected. last_round: the lineage's round in which its update was
    last used (-1: never). mean_loss, rms_loss: last reported training losses in nats (NaN: none).
    duration_s: seconds of its last finished job (NaN: none). first_choices: the first client of
    each selection. utilities: for each aggregation, the sum over its clients of samples x RMS loss.
    """

    n_selected: NDArray[np.int64]
    last_round: NDArray[np.int64]
    mean_loss: NDArray[np.float64]
    rms_loss: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    first_choices: list[int] = field(default_factory=list)
    utilities: list[float] = field(default_factory=list)

    @staticmethod
    def empty(n_clients: int) -> ClientHistory:
        """The history at the start of a run."""
        return ClientHistory(
            n_selected=np.zeros(n_clients, np.int64),
            last_round=np.full(n_clients, -1, np.int64),
            mean_loss=np.full(n_clients, np.nan),
            rms_loss=np.full(n_clients, np.nan),
            duration_s=np.full(n_clients, np.nan),
        )

    def copy(self) -> ClientHistory:
        """An independent copy, for another branch."""
        return deepcopy(self)

    def record_selection(self, ids: Sequence[int]) -> None:
        """Record a selection; `ids` in order of preference."""
        self.n_selected[list(ids)] += 1
        self.first_choices.append(ids[0])

    def record_updates(self, round_no: int, ids: Sequence[int], seconds: Sequence[float]) -> None:
        """Record that aggregation `round_no` used these clients' updates."""
        own = list(ids)
        self.last_round[own] = round_no
        self.duration_s[own] = seconds

    def record_feedback(
        self, ids: Sequence[int], feedback: Sequence[Feedback], n_samples: NDArray[np.int64]
    ) -> None:
        """Record the losses of the clients of one aggregation. n_samples: by client id."""
        own = list(ids)
        self.mean_loss[own] = [one.mean_loss for one in feedback]
        self.rms_loss[own] = [one.rms_loss for one in feedback]
        self.utilities.append(float((n_samples[own] * self.rms_loss[own]).sum()))
