"""Synthetic bandwidth: the presets have the recorded statistics, on paper and in samples."""

import math

import numpy as np
import pytest

from traces.synthetic import OUTAGE_BYTES_PER_S, PRESETS, MarkovBandwidth, bandwidth

# mean in Mbit/s and coefficient of variation over 1 s steps of the recordings in SOURCES.md
RECORDED = {
    "3g.down": (1.137, 0.918),
    "lte.down": (8.936, 0.962),
    "lte.up": (7.272, 0.953),
    "5g.down": (120.97, 0.736),
    "wifi.down": (223.8, 0.743),
    "starlink.down": (224.0, 0.441),
    "starlink.up": (16.39, 0.604),
}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_has_the_recorded_mean_and_variation(name: str) -> None:
    mean_mbit_per_s, variation = RECORDED[name]
    assert math.isclose(PRESETS[name].mean_bytes_per_s * 8e-6, mean_mbit_per_s, rel_tol=0.01)
    assert math.isclose(PRESETS[name].variation, variation, rel_tol=0.01)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_long_sample_agrees_with_its_preset(name: str) -> None:
    preset = PRESETS[name]
    values = bandwidth(name, np.random.default_rng(7), 200_000.0).values
    assert math.isclose(float(values.mean()), preset.mean_bytes_per_s, rel_tol=0.03)
    assert math.isclose(float(values.std() / values.mean()), preset.variation, rel_tol=0.03)
    assert abs(float((values < OUTAGE_BYTES_PER_S).mean()) - preset.outage_share) < 0.015


def test_a_sample_stays_in_a_state_for_its_dwell_time() -> None:
    model = MarkovBandwidth(
        rates_bytes_per_s=(0.0, 1e6, 2e6), dwells_s=(1.0, 4.0, 9.0), sigma=0.0, step_s=0.01
    )
    values = model.sample(np.random.default_rng(3), 20_000.0).values
    changes = np.flatnonzero(np.diff(values)) + 1
    stays_s = np.diff(changes) * 0.01
    for rate, dwell_s in zip(model.rates_bytes_per_s, model.dwells_s, strict=True):
        assert math.isclose(stays_s[values[changes[:-1]] == rate].mean(), dwell_s, rel_tol=0.1)


def test_the_same_generator_state_gives_the_same_trace() -> None:
    one, two = (bandwidth("lte.down", np.random.default_rng(1)) for _ in range(2))
    other = bandwidth("lte.down", np.random.default_rng(2))
    assert np.array_equal(one.values, two.values)
    assert not np.array_equal(one.values, other.values)


def test_a_trace_loops_after_its_duration() -> None:
    trace = bandwidth("lte.up", np.random.default_rng(1), 60.2)
    assert (trace.period_s, trace.end_rule, len(trace.values)) == (60.2, "loop", 121)
    assert trace.value_at(60.2 + 3.0) == trace.value_at(3.0)


def test_a_single_state_without_spread_is_constant() -> None:
    model = MarkovBandwidth(rates_bytes_per_s=(5e5,), dwells_s=(1.0,), sigma=0.0)
    trace = model.sample(np.random.default_rng(0), 10.0)
    assert set(trace.values) == {5e5}


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"unknown bandwidth preset 'lte\.dwn'.*lte\.down"):
        bandwidth("lte.dwn", np.random.default_rng(0))


def test_impossible_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="one rate and one dwell"):
        MarkovBandwidth(rates_bytes_per_s=(1.0,), dwells_s=(1.0, 2.0), sigma=0.0)
    with pytest.raises(ValueError, match="dwell times positive"):
        MarkovBandwidth(rates_bytes_per_s=(1.0,), dwells_s=(0.0,), sigma=0.0)
    with pytest.raises(ValueError, match="sigma must be"):
        MarkovBandwidth(rates_bytes_per_s=(1.0,), dwells_s=(1.0,), sigma=-1.0)
    with pytest.raises(ValueError, match="duration_s must be"):
        bandwidth("lte.up", np.random.default_rng(0), 0.0)
