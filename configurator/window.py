"""How long a trial window is, in simulated seconds."""

from __future__ import annotations

from typing import Literal

from .space import Growable

WindowRule = Literal["interval", "interval * (4 * depth + 1)"]
"""The paper's equal windows; the artifact's, which lengthen as adapters deepen."""


def window_s(interval_s: float, rule: WindowRule, current: Growable) -> float:
    """Seconds of the window that starts at a configuration."""
    return interval_s * (4 * current.depth + 1 if rule != "interval" else 1)


def check_interval(interval_s: float) -> None:
    """Raises ValueError."""
    if interval_s <= 0:
        raise ValueError(f"interval_s must be above 0, got {interval_s}")
