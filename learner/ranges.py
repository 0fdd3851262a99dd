"""Checks of values; a check that fails raises ValueError with the name, the rule and the value."""

from __future__ import annotations


def require(rule: bool, text: str) -> None:
    """Raise ValueError(text) unless the rule holds. `text` must begin with the value's name."""
    if not rule:
        raise ValueError(text)


def require_at_least(low: float, **values: float) -> None:
    """Raise ValueError for the first named value that is below `low`."""
    for name, value in values.items():
        require(value >= low, f"{name} must be at least {low:g}, got {value}")


def require_at_least_or_null(low: float, **values: float | None) -> None:
    """Raise ValueError for the first named value that is below `low`. None passes."""
    for name, value in values.items():
        require(
            value is None or value >= low, f"{name} must be at least {low:g} or null, got {value}"
        )


def require_above_0(**values: float) -> None:
    """Raise ValueError for the first named value that is not above 0."""
    for name, value in values.items():
        require(value > 0, f"{name} must be above 0, got {value}")


def require_above_0_or_null(**values: float | None) -> None:
    """Raise ValueError for the first named value that is not above 0. None passes."""
    for name, value in values.items():
        require(value is None or value > 0, f"{name} must be above 0 or null, got {value}")


def require_share(**values: float) -> None:
    """Raise ValueError for the first named value that is below 0 or above 1."""
    for name, value in values.items():
        require(0 <= value <= 1, f"{name} must be between 0 and 1, got {value}")
