from __future__ import annotations

import numpy as np
import torch

from learner.training.averaging import WeightedMean


def test_the_mean_is_weighted_and_rounded_once() -> None:
    mean = WeightedMean()
    parts = [torch.full((70_000, 2), value) for value in (0.1, 0.2, 0.4)]
    for weight, part in zip((3.0, 1.0, 2.0), parts, strict=True):
        mean.add(weight, {"param.a": part})
    got = mean.result()["param.a"]
    exact = sum(w * np.float64(np.float32(x)) for w, x in ((3, 0.1), (1, 0.2), (2, 0.4))) / 6
    assert got.dtype == np.float32
    assert (got == np.float32(exact)).all()


def test_the_mean_of_equals_is_their_own_value_bit_for_bit() -> None:
    value = torch.from_numpy(np.random.default_rng(0).normal(size=1000).astype(np.float32))
    mean = WeightedMean()
    for weight in (7.0, 3.0, 11.0):
        mean.add(weight, {"param.a": value})
    assert np.array_equal(mean.result()["param.a"], value.numpy())
