"""A training step's seconds as a sum of terms that are fitted to measured steps of one machine.

    seconds = o + F / r_F + B / r_B + W / r_W + l L + u U + p P

F, B, W: operations, as in sim.cost.analytic, but of whole layers alone: with adapters a step starts
in the lowest adapted layer behind its feed-forward (learner.training.batches), so that depth d
passes d - 1 whole layers. L: whole layers of the forward pass, U: adapter units (of width 8), P:
trained parameters. o, 1 / r, l, u, p are at least 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from learner.encoder.architecture import Architecture
from learner.spec import UNIT_WIDTH, Adapter, AddOn, Lora, TuningConfig, tuned_depth
from sim.fleet.client import CacheState

NAMES = ("a step", "forward", "backward", "weights", "a layer", "a unit", "a parameter")
"""The terms, in order: o, F, B, W, L, U, P."""

_LABELS = 20


def amounts(
    architecture: Architecture,
    config: TuningConfig,
    *,
    tokens: int,
    batch_size: int,
    cache: CacheState,
) -> tuple[float, ...]:
    """How much a step has of each of the terms of NAMES: (7,)."""
    n_layers, hidden = architecture.n_layers, architecture.hidden
    depth = tuned_depth(config, n_layers)
    layer = architecture.forward_flops(tokens) * batch_size / n_layers
    whole = max(depth - 1, 0) if isinstance(config, Adapter) else depth
    passed = whole if cache == "hit" else n_layers
    added, units = 0.0, 0
    if isinstance(config, Adapter):
        units = depth * (config.width // UNIT_WIDTH)
        added = 4.0 * hidden * config.width * tokens * batch_size * depth
    if isinstance(config, Lora):
        added = 8.0 * hidden * config.rank * tokens * batch_size * depth
    weights = 0.0 if isinstance(config, AddOn) else depth * layer
    return (
        1.0,
        passed * layer + added,
        whole * layer + added,
        weights + added,
        float(passed),
        float(units),
        float(architecture.trainable_parameters(config, _LABELS)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsFit:
    """Seconds for one of each term of NAMES. `errors`: of the fitted steps, as fractions of the
    measured seconds, absolute."""

    seconds: tuple[float, ...]
    errors: NDArray[np.float64]

    @property
    def median_error(self) -> float:
        return float(np.median(self.errors))


def fit_terms(steps: Sequence[tuple[float, ...]], seconds: Sequence[float]) -> TermsFit:
    """The terms that minimise the squared relative errors of measured steps.

    steps: their amounts. Raises ValueError for fewer steps than terms.
    """
    if len(steps) < len(NAMES):
        raise ValueError(f"{len(NAMES)} measured steps are needed for a fit, got {len(steps)}")
    measured, matrix = np.array(seconds), np.array(steps)
    scales = matrix.max(axis=0)
    scales[scales == 0.0] = 1.0  # a term that no step has
    found, _ = nnls(matrix / scales / measured[:, None], np.ones(len(measured)))
    terms = found / scales
    errors = np.abs(matrix @ terms / measured - 1.0)
    return TermsFit(seconds=tuple(terms.tolist()), errors=errors)
