"""Terms of a training step: amounts by hand, and a fit that finds known terms again."""

from __future__ import annotations

import pytest

from learner.encoder.architecture import MINILM_L6
from learner.spec import Adapter, Freeze, Full, TuningConfig
from sim.cost.step_terms import NAMES, amounts, fit_terms
from sim.fleet.client import CacheState

CONFIGS = (Full(), Freeze(depth=2), Adapter(depth=2, width=8), Adapter(depth=5, width=32))
LAYER = MINILM_L6.forward_flops(8) * 4 / 6


def _of(config: TuningConfig, cache: CacheState = "none") -> tuple[float, ...]:
    return amounts(MINILM_L6, config, tokens=8, batch_size=4, cache=cache)


def test_an_adapter_step_passes_the_whole_layers_above_the_lowest_adapter() -> None:
    own = 4 * 384 * 16 * 8 * 4 * 3  # of three layers' adapters
    found = _of(Adapter(depth=3, width=16), "hit")
    assert found[:6] == pytest.approx((1, 2 * LAYER + own, 2 * LAYER + own, own, 2, 6))
    assert _of(Adapter(depth=3, width=16))[4] == 6


def test_fine_tuned_layers_have_gradients_of_their_weights() -> None:
    assert _of(Freeze(depth=2), "hit")[:6] == pytest.approx(
        (1, 2 * LAYER, 2 * LAYER, 2 * LAYER, 2, 0)
    )


def test_known_terms_are_found_again() -> None:
    terms = (1e-3, 1e-11, 2e-11, 3e-11, 5e-4, 1e-4, 1e-9)
    steps = [
        amounts(MINILM_L6, config, tokens=tokens, batch_size=batch, cache=cache)
        for config in (
            Full(),
            Freeze(depth=2),
            Adapter(depth=2, width=8),
            Adapter(depth=5, width=32),
        )
        for tokens in (8, 32)
        for batch in (2, 8)
        for cache in ("none", "hit")
    ]
    seconds = [sum(a * b for a, b in zip(step, terms, strict=True)) for step in steps]
    found = fit_terms(steps, seconds)
    assert found.median_error == pytest.approx(0.0, abs=1e-6)
    assert found.seconds == pytest.approx(terms, rel=1e-3)
    with pytest.raises(ValueError, match=f"{len(NAMES)} measured steps are needed"):
        fit_terms(steps[:3], seconds[:3])
