"""Law: growing a state keeps every old weight bit for bit, in any number of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from learner.encoder.architecture import Architecture
from learner.spec import Adapter, Lora, NewWeights, TuningConfig
from learner.tuning.adapter import initial_units
from learner.tuning.head import initial_head
from learner.tuning.lora import initial_products
from learner.tuning.parameters import grown, parameter_shapes

State = Mapping[str, np.ndarray]
SHAPE = Architecture(n_layers=4, n_heads=2, hidden=6, ffn=8, vocab=9, positions=9, token_types=2)
SIZES = st.tuples(st.integers(0, 4), st.integers(1, 4))
PATHS = st.lists(SIZES, min_size=2, max_size=4).map(
    lambda sizes: [
        (max(d for d, _ in sizes[:i]), max(w for _, w in sizes[:i]))
        for i in range(1, len(sizes) + 1)
    ]
)
"""Sequences of depth and width (in units or ranks) in which both never shrink."""

KINDS: dict[str, Callable[[int, int], TuningConfig]] = {
    "adapter": lambda depth, size: Adapter(depth=depth, width=8 * size),
    "lora": lambda depth, size: Lora(depth=depth, rank=size, alpha=2.0 * size),
}


def initial_state(config: TuningConfig, seed: int, new_weights: NewWeights) -> State:
    head = initial_head(3, SHAPE.hidden, seed)
    if isinstance(config, Adapter):
        return head | initial_units(config, SHAPE.n_layers, SHAPE.hidden, seed, new_weights)
    assert isinstance(config, Lora)
    return head | initial_products(config, SHAPE.n_layers, SHAPE.hidden, seed)


def corner(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return value[tuple(slice(n) for n in shape)]


@given(
    path=PATHS,
    kind=st.sampled_from(sorted(KINDS)),
    new_weights=st.sampled_from(["published", "identity"]),
    seed=st.integers(0, 2**32),
)
def test_growth_keeps_old_weights_and_does_not_depend_on_the_steps(
    path: list[tuple[int, int]], kind: str, new_weights: NewWeights, seed: int
) -> None:
    configs = [KINDS[kind](*sizes) for sizes in path]
    generator = np.random.default_rng(seed)
    trained = {
        name: generator.normal(size=value.shape).astype(np.float32)
        for name, value in initial_state(configs[0], seed, new_weights).items()
    }
    state: State = trained
    for config in configs[1:]:
        state = grown(state, initial_state(config, seed, new_weights))
        assert {n: v.shape for n, v in state.items()} == parameter_shapes(config, SHAPE, 3)
    last = initial_state(configs[-1], seed, new_weights)
    for name, value in state.items():
        new = value.copy()
        if name in trained:
            old = trained[name]
            assert corner(value, old.shape).tobytes() == old.tobytes()
            corner(new, old.shape)[...] = corner(last[name], old.shape)
        assert np.array_equal(new, last[name])
    once = grown(trained, last)
    assert all(once[name].tobytes() == value.tobytes() for name, value in state.items())
