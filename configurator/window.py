"""The length of a trial window in simulated seconds."""

from __future__ import annotations

from typing import Literal

from .space import Growable

WindowRule = Literal["interval", "interval * (4 * depth + 1)"]
"""The paper's rule: all windows are equal. The artifact's rule: windows grow with the depth."""


def window_s(interval_s: float, rule: WindowRule, current: Growable) -> float:
    """Seconds of a window in which `current` is the current configuration."""
    return interval_s * (4 * current.depth + 1 if rule != "interval" else 1)
