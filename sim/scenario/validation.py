"""How a value object refuses what it is given: a ValueError that states the rule and the value."""

from __future__ import annotations


def require(rule: bool, text: str) -> None:
    """Raise ValueError(text) unless the rule holds. `text` begins with the field's name."""
    if not rule:
        raise ValueError(text)


def require_at_least(low: float, **values: float) -> None:
    """Refuse the first named value below `low`."""
    for name, value in values.items():
        require(value >= low, f"{name} must be at least {low:g}, got {value}")


def require_above_0(**values: float) -> None:
    """Refuse the first named value that is not positive."""
    for name, value in values.items():
        require(value > 0, f"{name} must be above 0, got {value}")
