"""The space of configurations: steps, limits, grids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.space import Space
from learner.spec import Adapter, Freeze, Lora

multiples = st.integers(1, 12).map(lambda n: 8 * n)
spaces = st.builds(
    Space,
    depth_step=st.integers(1, 5),
    first_depth=st.integers(1, 3),
    max_depth=st.integers(0, 12),
    width_step=multiples,
    max_width=multiples,
)


def test_the_first_depth_and_the_last_step_can_differ_from_the_step() -> None:
    space = Space(depth_step=4, first_depth=2, max_depth=12)
    depths = [c.depth for c in space.grid(Freeze(depth=0))]
    assert depths == [0, 2, 6, 10, 12]


def test_a_grid_has_all_configurations_that_can_be_reached() -> None:
    grid = Space(max_depth=2, max_width=16).grid(Adapter(depth=1, width=8))
    assert [str(c) for c in grid] == ["(1, 8)", "(1, 16)", "(2, 8)", "(2, 16)"]
    with pytest.raises(ValueError, match="max_depth must be set to list a space"):
        Space().grid(Adapter(depth=1, width=8))


@given(space=spaces, start=st.builds(Adapter, depth=st.integers(0, 12), width=multiples))
def test_growth_never_shrinks_and_stops_at_the_limits(space: Space, start: Adapter) -> None:
    for config in space.grid(start):
        assert isinstance(config, Adapter)
        for grown in (space.deeper(config), space.wider(config)):
            assert isinstance(grown, Adapter)
            assert grown.depth >= config.depth
            assert grown.width >= config.width
            assert grown.depth <= max(space.max_depth or 0, start.depth)
            assert grown.width <= max(space.max_width, start.width)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("depth_step", 0, "depth_step must be at least 1, got 0"),
        ("rank_step", 0, "rank_step must be at least 1, got 0"),
        ("first_depth", 0, "first_depth must be at least 1, got 0"),
        ("max_depth", -1, "max_depth must be at least 0 or null, got -1"),
        ("width_step", 12, "width_step must be a positive multiple of 8, got 12"),
        ("max_width", 0, "max_width must be a positive multiple of 8, got 0"),
    ],
)
def test_invalid_values_are_refused(field: str, value: int, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Space(**{field: value})


def test_lora_grows_in_rank_with_the_same_alpha_per_rank() -> None:
    space = Space(max_depth=2, rank_step=8, max_rank=24)
    start = Lora(depth=1, rank=6, alpha=5.0)
    grid = space.grid(start)
    assert [(c.depth, c.rank) for c in grid if isinstance(c, Lora)] == [
        (depth, rank) for depth in (1, 2) for rank in (6, 14, 22, 24)
    ]
    assert all(c.scale == pytest.approx(5 / 6) for c in grid if isinstance(c, Lora))
    with pytest.raises(ValueError, match=r"space\.max_rank must be at least start\.rank \(32\)"):
        space.check_start(Lora(depth=1, rank=32))
