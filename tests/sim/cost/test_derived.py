"""How far the analytic cost model is from steps that others measured."""

from __future__ import annotations

import pytest

from learner.encoder.architecture import BERT_BASE
from learner.spec import Full
from sim.cost.analytic import tx2_seconds
from sim.cost.derived import Derived, derived_figures

FOUND = [*derived_figures()]


def _of(device: str, model: str) -> list[Derived]:
    return [
        one
        for one in FOUND
        if one.measurement.device == device and one.measurement.model.startswith(model)
    ]


def test_seconds_of_a_decoder_on_a_jetson_nano_are_derived_four_times_too_low() -> None:
    steps = _of("jetson-nano-4gb", "gemma-3-270m")
    assert [one.measurement.seconds for one in steps] == [11.4, 14.1, 11.8, 10.8, 12.3, 10.4]
    assert {round(one.seconds, 1) for one in steps} == {2.7}
    assert min(one.error for one in steps) == pytest.approx(2.68 / 14.1 - 1, abs=0.01)


def test_a_model_is_scaled_from_another_one_on_the_same_device() -> None:
    (distil,) = _of("pixel-7-pro", "distilbert")
    (albert,) = _of("pixel-7-pro", "albert")
    assert albert.seconds == pytest.approx(14.0)  # as much work as BERT-base, from which it is
    whole = tx2_seconds(BERT_BASE, Full(), tokens=64, batch_size=8, cache="none")
    assert distil.scaled_from == "pixel-7-pro, bert-base"
    assert 7.0 < distil.seconds < 14.0 * (0.5 + 0.5 * 0.1 / whole)  # half of it, and the overhead
    assert distil.error == pytest.approx(distil.seconds / 6.9 - 1)


def test_what_cannot_be_derived_is_left_out() -> None:
    devices = {one.measurement.device for one in FOUND}
    assert "hi-nova-9-pro" not in devices  # one model, and no seconds of another
    assert "iphone-14" not in devices  # no unit
    assert not any("Q4" in one.measurement.model for one in FOUND)
    assert len(FOUND) == 19
