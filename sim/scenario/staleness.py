"""Staleness functions: the factor by which an asynchronous server discounts an old update.

Staleness is the number of aggregations between a job's start and the use of its update. Every
function is 1 at staleness 0 and never increases. All three are FedAsync's (Xie et al., 2019), as in
its authors' code (xcgoner/async_fl at 4730eeb4). FedBuff (Nguyen et al., 2022) uses the polynomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from learner.ranges import require_above_0, require_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantStaleness:
    """1 for every staleness."""

    kind: Literal["constant"] = "constant"

    def factor(self, staleness: int) -> float:
        del staleness
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolynomialStaleness:
    """(1 + staleness) ^ -`a`. The default a = 0.5 is FedBuff's 1 / sqrt(1 + staleness)."""

    kind: Literal["polynomial"]
    a: float = 0.5

    def __post_init__(self) -> None:
        require_above_0(a=self.a)

    def factor(self, staleness: int) -> float:
        return float((staleness + 1) ** -self.a)


@dataclass(frozen=True, slots=True, kw_only=True)
class HingeStaleness:
    """1 up to staleness `b`, then 1 / (`a` (staleness - b) + 1)."""

    kind: Literal["hinge"]
    a: float = 10.0
    b: int = 4

    def __post_init__(self) -> None:
        require_above_0(a=self.a)
        require_at_least(0, b=self.b)

    def factor(self, staleness: int) -> float:
        return 1.0 if staleness <= self.b else 1.0 / (self.a * (staleness - self.b) + 1.0)


Staleness = ConstantStaleness | PolynomialStaleness | HingeStaleness
