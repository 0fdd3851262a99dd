"""Compares two branches example by example, on the same examples of the deciding split."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import TypeVar

from learner.ranges import require

from .protocol import BranchScore

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """The mean over n examples of one branch's value minus another's, with its standard error.

    The examples are a sample of the task; the error says nothing of what other clients or seeds
    would have given.
    """

    mean: float
    stderr: float
    n: int

    @property
    def p_below_0(self) -> float:
        """The chance of a mean this low if there is no difference (one-sided z test); 0.5 where all
        differences are 0."""
        if self.stderr == 0.0:
            return 0.5 if self.mean == 0.0 else float(self.mean > 0.0)
        return NormalDist().cdf(self.mean / self.stderr)


def loss_difference(one: BranchScore, other: BranchScore) -> PairedDifference:
    """The losses of `one` minus those of `other`, in nats: below 0 where `one` is better."""
    return _paired([a - b for a, b in _pairs(one.losses(), other.losses())])


def correct_bits(score: BranchScore, n_examples: int) -> list[bool]:
    """Which examples a branch answers right, in the order of the split."""
    bits = bin(int(score.correct or "0", 16))[2:].zfill(4 * len(score.correct))
    require(len(bits) >= n_examples, f"correct has {len(bits)} bits for {n_examples} examples")
    return [bit == "1" for bit in bits[:n_examples]]


def e_value(n_won: int, n_lost: int) -> float:
    """Evidence against "each example on which two branches differ is won with chance 1/2".

    The likelihood of the wins under a chance drawn from Beta(1/2, 1/2), over that under 1/2. Over
    examples drawn one after the other it stays below 1/a with probability 1 - a if the hypothesis
    holds, however often one looks (Ville's inequality); so a test may be repeated.
    """
    n = n_won + n_lost
    log_mixture = _log_beta(n_won + 0.5, n_lost + 0.5) - _log_beta(0.5, 0.5)
    return math.exp(log_mixture + n * math.log(2.0))


def wins(one: BranchScore, other: BranchScore, n_examples: int) -> tuple[int, int]:
    """The numbers of examples that only `one`, and that only `other` answers right."""
    pairs = list(_pairs(correct_bits(one, n_examples), correct_bits(other, n_examples)))
    return sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)


def _pairs(one: Sequence[T], other: Sequence[T]) -> Iterable[tuple[T, T]]:
    require(len(one) == len(other), f"branches have {len(one)} and {len(other)} examples")
    return zip(one, other, strict=True)


def _paired(differences: Sequence[float]) -> PairedDifference:
    n, mean = len(differences), fmean(differences)
    variance = sum((one - mean) ** 2 for one in differences) / max(n - 1, 1)
    return PairedDifference(mean=mean, stderr=math.sqrt(variance / n), n=n)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
