"""Checks for the fields of scenario classes; a failed check raises ValueError."""

from __future__ import annotations


def require(rule: bool, text: str) -> None:
    """Raise ValueError(text) unless the rule holds. `text` must begin with the field's name."""
    if not rule:
        raise ValueError(text)


def require_at_least(low: float, **values: float) -> None:
    """Raise ValueError for the first named value that is below `low`."""
    for name, value in values.items():
        require(value >= low, f"{name} must be at least {low:g}, got {value}")


def require_above_0(**values: float) -> None:
    """Raise ValueError for the first named value that is not above 0."""
    for name, value in values.items():
        require(value > 0, f"{name} must be above 0, got {value}")
