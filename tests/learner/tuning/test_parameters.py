"""Names, counts and growth of trained parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from learner.encoder.architecture import BERT_BASE
from learner.encoder.backbone import Backbone, load_backbone
from learner.spec import Adapter, Freeze, Full, Lora, TuningConfig
from learner.tuning.adapter import initial_units
from learner.tuning.parameters import grown, initial_parameters, parameter_shapes

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
        Lora(depth=0, rank=4),
        Lora(depth=2, rank=5),
        Freeze(depth=0),
        Freeze(depth=1),
        Full(),
    ],
    ids=str,
)
def test_names_shapes_and_counts_are_told_by_the_configuration_alone(
    backbone: Backbone, config: TuningConfig
) -> None:
    state = initial(backbone, config)
    shapes = parameter_shapes(config, backbone.architecture, LABELS)
    assert {name: value.shape for name, value in state.items()} == shapes
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


def test_freezing_less_keeps_what_was_trained(backbone: Backbone) -> None:
    one, two = initial(backbone, Freeze(depth=1)), initial(backbone, Freeze(depth=2))
    trained = {name: value + 1 for name, value in one.items()}
    deeper = grown(trained, two)
    assert all(deeper[name].tobytes() == value.tobytes() for name, value in trained.items())
    new = set(deeper) - set(trained)
    assert new
    assert all("encoder.layer.0." in name for name in new)


def test_bert_base_is_counted_without_weights() -> None:
    head = 769 * 20
    counts: list[tuple[TuningConfig, int]] = [
        (Adapter(depth=0, width=8), head),
        (Adapter(depth=3, width=16), head + 3 * 2 * 13_064),
        (Lora(depth=12, rank=8), head + 294_912),
        (Freeze(depth=1), head + 7_087_872),
        (Full(), head + 108_891_648),
    ]
    for config, expected in counts:
        shapes = parameter_shapes(config, BERT_BASE, 20)
        assert sum(math.prod(shape) for shape in shapes.values()) == expected
        assert BERT_BASE.trainable_parameters(config, 20) == expected


def test_identity_units_start_without_effect(backbone: Backbone) -> None:
    config = Adapter(depth=2, width=16)
    published = initial(backbone, config)
    identity = initial_parameters(config, backbone, LABELS, 5, "identity")
    for name, value in identity.items():
        if name.endswith("up.weight"):
            assert not value.any()
        else:
            assert np.array_equal(value, published[name])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (Adapter(depth=2, width=8), Adapter(depth=1, width=8)),
        (Adapter(depth=1, width=16), Adapter(depth=1, width=8)),
        (Adapter(depth=1, width=8), Full()),
        (Adapter(depth=1, width=8), Lora(depth=1, rank=8)),
    ],
)
def test_shrinking_or_changing_kind_is_refused(
    backbone: Backbone, old: TuningConfig, new: TuningConfig
) -> None:
    with pytest.raises(ValueError, match=r"param\.adapter.* would be lost"):
        grown(initial(backbone, old), initial(backbone, new))


def test_a_smaller_rank_is_refused(backbone: Backbone) -> None:
    old, new = (initial(backbone, Lora(depth=1, rank=rank)) for rank in (4, 3))
    with pytest.raises(ValueError, match=r"param\.lora\.1\.query\.A would be lost"):
        grown(old, new)


def test_more_depth_than_layers_is_refused(backbone: Backbone) -> None:
    with pytest.raises(ValueError, match="depth must be at most 2, got 3"):
        initial(backbone, Adapter(depth=3, width=8))
