"""Log-normal AR(1) bandwidth and the two-state model: the statistics they promise."""

import math

import numpy as np
import pytest

from traces.lognormal import LogNormalBandwidth
from traces.synthetic import gilbert_elliott


def test_mean_variation_and_correlation_are_as_asked(rng: np.random.Generator) -> None:
    model = LogNormalBandwidth(mean_bytes_per_s=2e6, variation=0.6, correlation_s=5.0)
    values = model.sample(rng, 400_000.0).values
    assert math.isclose(values.mean(), 2e6, rel_tol=0.02)
    assert math.isclose(values.std() / values.mean(), 0.6, rel_tol=0.03)
    log = np.log(values) - np.log(values).mean()
    at_5_s = (log[5:] * log[:-5]).mean() / (log * log).mean()
    assert math.isclose(at_5_s, math.exp(-1), rel_tol=0.05)


def test_without_variation_it_is_constant(rng: np.random.Generator) -> None:
    model = LogNormalBandwidth(mean_bytes_per_s=5.0, variation=0.0, correlation_s=1.0)
    assert set(model.sample(rng, 3.5).values) == {5.0}


def test_gilbert_elliott_shares_time_by_dwell(rng: np.random.Generator) -> None:
    model = gilbert_elliott(1e6, 1e4, good_s=8.0, bad_s=2.0)
    assert model.mean_bytes_per_s == pytest.approx(0.8e6 + 0.2e4)
    values = model.sample(rng, 50_000.0).values
    assert set(values) == {1e6, 1e4}
    assert (values == 1e4).mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"mean_bytes_per_s": 0.0}, "mean_bytes_per_s must be positive"),
        ({"variation": -0.1}, "variation must be at least 0"),
        ({"correlation_s": 0.0}, "must be positive"),
    ],
)
def test_impossible_parameters_are_refused(changes: dict[str, float], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        LogNormalBandwidth(
            **({"mean_bytes_per_s": 1.0, "variation": 0.5, "correlation_s": 1.0} | changes)
        )


def test_a_duration_must_be_positive(rng: np.random.Generator) -> None:
    model = LogNormalBandwidth(mean_bytes_per_s=5.0, variation=0.0, correlation_s=1.0)
    with pytest.raises(ValueError, match="duration_s must be positive"):
        model.sample(rng, 0.0)
