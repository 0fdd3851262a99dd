"""One kind of input: how an attempt makes a random one and gives it to the code that reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.runlog import RunError

Attempt = Callable[[np.random.Generator], str]
"""Makes an input and has it read. Returns "" if it was accepted, or "started" if it was accepted
and used as well. A refusal is raised; so is a defect."""

REFUSALS = (ValueError, OSError, RunError)
"""What the command line prints as one line, with exit status 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """share: of all inputs. attempt: raises one of REFUSALS, in one line, for a refused input.

    most_s: of processor time that an input may take.
    """

    name: str
    share: float
    attempt: Attempt
    most_s: float = 2.0


class WronglyAcceptedError(Exception):
    """An input that was accepted, and should not have been."""
