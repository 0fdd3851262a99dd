"""When a client is there: it sleeps through its absences and leaves when one begins."""

from __future__ import annotations

import time
from collections.abc import Sequence


class Presence:
    """absences_s: pairs of leaving and returning, in seconds after the start of the run."""

    def __init__(self, start_s: float, absences_s: Sequence[Sequence[float]]) -> None:
        self._start_s, self._absences_s = start_s, absences_s

    def wait(self) -> None:
        """Sleep to the end of an absence that is under way."""
        for leave_s, return_s in self._absences_s:
            at_s = time.monotonic() - self._start_s
            if leave_s <= at_s < return_s:
                time.sleep(return_s - at_s)

    def left_s(self) -> float | None:
        """Seconds until the next absence; None if there is none."""
        at_s = time.monotonic() - self._start_s
        return min((leave - at_s for leave, _ in self._absences_s if leave > at_s), default=None)
