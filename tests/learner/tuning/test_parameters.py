"""Names, counts and growth of what is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from learner.architecture import BERT_BASE
from learner.backbone import Backbone, load_backbone
from learner.spec import Adapter, Freeze, Full, TuningConfig
from learner.tuning.adapter import initial_units
from learner.tuning.parameters import grown, initial_parameters

State = Mapping[str, np.ndarray]
LABELS = 3


@pytest.fixture(scope="module")
def backbone(model_dir: Path) -> Backbone:
    return load_backbone(model_dir, torch.device("cpu"))


def initial(backbone: Backbone, config: TuningConfig, seed: int = 5) -> State:
    return initial_parameters(config, backbone, LABELS, seed)


@pytest.mark.parametrize(
    "config",
    [
        Adapter(depth=0, width=8),
        Adapter(depth=1, width=24),
        Adapter(depth=2, width=8),
        Freeze(depth=0),
        Freeze(depth=1),
        Full(),
    ],
    ids=str,
)
def test_counts_are_those_that_the_cost_model_prices(
    backbone: Backbone, config: TuningConfig
) -> None:
    state = initial(backbone, config)
    expected = backbone.architecture.trainable_parameters(config, LABELS)
    assert sum(value.size for value in state.values()) == expected
    assert all(value.dtype == np.float32 for value in state.values())


def test_bert_base_has_the_published_unit() -> None:
    units = initial_units(Adapter(depth=2, width=16), BERT_BASE.n_layers, BERT_BASE.hidden, 0)
    assert sum(value.size for value in units.values()) == 2 * 2 * 13_064
    assert {name.split(".")[2] for name in units} == {"10", "11"}
    weights = np.concatenate([v.ravel() for n, v in units.items() if n.endswith("weight")])
    assert weights.std() == pytest.approx(0.02, rel=0.02)
    assert abs(weights.mean()) < 0.001
    assert not any(value.any() for name, value in units.items() if name.endswith("bias"))


def test_what_is_grown_and_what_is_initialised_agree_in_their_new_parts(backbone: Backbone) -> None:
    small, large = Adapter(depth=1, width=8), Adapter(depth=2, width=16)
    fresh = initial(backbone, large)
    trained = {name: value + 1 for name, value in initial(backbone, small).items()}
    state = grown(trained, fresh)
    assert set(state) == set(fresh)
    for name, value in state.items():
        assert np.array_equal(value, trained.get(name, fresh[name]))
    assert len(set(state) - set(trained)) == 4 * 3  # three new units


def test_units_of_different_places_and_seeds_differ(backbone: Backbone) -> None:
    config = Adapter(depth=2, width=16)
    drawn = [initial(backbone, config, seed) for seed in (5, 6)]
    values = [v.tobytes() for state in drawn for n, v in state.items() if n.endswith("down.weight")]
    assert len(set(values)) == len(values) == 8


def test_frozen_layers_thaw_into_full_tuning_from_the_pre_trained_weights(
    backbone: Backbone,
) -> None:
    thawed = initial(backbone, Freeze(depth=1))
    state = grown(thawed, initial(backbone, Full()))
    assert all(state[name] is value for name, value in thawed.items())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Adapter(depth=2, width=8), Adapter(depth=1, width=8)),
        (Adapter(depth=1, width=16), Adapter(depth=1, width=8)),
        (Adapter(depth=1, width=8), Full()),
    ],
)
def test_shrinking_or_changing_kind_is_refused(
    backbone: Backbone, old: TuningConfig, new: TuningConfig
) -> None:
    with pytest.raises(ValueError, match=r"no place for param\.adapter"):
        grown(initial(backbone, old), initial(backbone, new))


def test_more_depth_than_layers_is_refused(backbone: Backbone) -> None:
    with pytest.raises(ValueError, match="depth must be at most 2, got 3"):
        initial(backbone, Adapter(depth=3, width=8))
