"""The number format that a command line asks for."""

from __future__ import annotations

from learner.training.numerics import NumericsChoice, Precision, chosen_precision, is_emulated

from .display import tell


def precision_of(choice: NumericsChoice, as_json: bool) -> Precision:
    """The format; a line on standard error warns of one that this processor emulates."""
    precision = chosen_precision(choice)
    if is_emulated(precision):
        text = "bf16: this processor emulates it, some 20 times slower than fp32 (--numerics auto)"
        tell("warning", text, as_json)
    return precision
