"""What stored files hold, as scores, losses and feedback. Other content raises ValueError."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from learner.ranges import require
from learner.spec import Evaluation, Feedback


def as_evaluation(content: Any) -> Evaluation:
    """The scores of a state: finite numbers, a whole number of examples, and a bitmap in hex."""
    _require_fields(Evaluation, content)
    _require_numbers([value for key, value in content.items() if key != "correct"])
    require(type(content["n_examples"]) is int, "n_examples must be a whole number")
    require(isinstance(content["correct"], str), "correct must be text")
    bytes.fromhex(content["correct"])
    return Evaluation(**content)


def as_losses(content: Any) -> tuple[float, ...]:
    """The losses of the examples of a split."""
    require(isinstance(content, list), "losses must be a list")
    _require_numbers(content)
    return tuple(content)


def as_feedback(content: Any) -> list[Feedback]:
    """The feedback of an aggregation's clients."""
    require(isinstance(content, list), "feedback must be a list")
    for one in content:
        _require_fields(Feedback, one)
        _require_numbers([*one.values()])
    return [Feedback(**one) for one in content]


def _require_fields(kind: type[Evaluation] | type[Feedback], content: Any) -> None:
    names = {field.name for field in fields(kind)}
    require(isinstance(content, dict) and content.keys() == names, f"must have the keys {names}")


def _require_numbers(values: list[Any]) -> None:
    for value in values:
        require(type(value) in (int, float) and math.isfinite(value), "must be a finite number")
