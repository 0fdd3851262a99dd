"""What an update is still worth, by how many aggregations it missed since its client set out.

Staleness counts aggregations, never seconds: 0 where none came in between. Every function is 1
there and never rises. The three are FedAsync's (Xie et al., 2019), as in its authors' code
(xcgoner/async_fl at 4730eeb4); FedBuff (Nguyen et al., 2022) takes the polynomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .validation import require_above_0, require_at_least


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantStaleness:
    """Always 1."""

    kind: Literal["constant"] = "constant"

    def factor(self, staleness: int) -> float:
        del staleness
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolynomialStaleness:
    """(staleness + 1) ^ -`a`; with a = 0.5 FedBuff's 1 / sqrt(1 + staleness)."""

    kind: Literal["polynomial"]
    a: float = 0.5

    def __post_init__(self) -> None:
        require_above_0(a=self.a)

    def factor(self, staleness: int) -> float:
        return float((staleness + 1) ** -self.a)


@dataclass(frozen=True, slots=True, kw_only=True)
class HingeStaleness:
    """1 up to `b` aggregations, then 1 / (`a` (staleness - b) + 1)."""

    kind: Literal["hinge"]
    a: float = 10.0
    b: int = 4

    def __post_init__(self) -> None:
        require_above_0(a=self.a)
        require_at_least(0, b=self.b)

    def factor(self, staleness: int) -> float:
        return 1.0 if staleness <= self.b else 1.0 / (self.a * (staleness - self.b) + 1.0)


Staleness = ConstantStaleness | PolynomialStaleness | HingeStaleness
