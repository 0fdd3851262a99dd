"""The space of configurations in which a policy grows: steps and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from learner.plan import TuningPlan
from learner.ranges import require, require_at_least, require_at_least_or_null
from learner.spec import UNIT_WIDTH, Adapter, Freeze, Lora, require_units

Growable = Adapter | Lora | Freeze
"""Configurations that can grow: all in depth, adapters also in neurons, LoRA also in rank (with
alpha in proportion)."""

_LARGEST = 10_000
"""Of a width or rank: every configuration of a space is listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Steps and limits of growth.

    Depth: steps of `depth_step` layers, but to `first_depth` from 0 (2 in the artifact), up to
    `max_depth` (null: the model's layers). Adapters: steps of `width_step` neurons up to
    `max_width`. LoRA: steps of `rank_step` up to `max_rank`. The last step to a limit can be
    shorter.
    """

    depth_step: int = 1  # S_d in the paper
    first_depth: int = 1
    max_depth: int | None = None
    width_step: int = UNIT_WIDTH  # S_w in the paper
    max_width: int = 64  # the paper's search space
    rank_step: int = 4
    max_rank: int = 32

    def __post_init__(self) -> None:
        require_at_least(1, depth_step=self.depth_step, first_depth=self.first_depth)
        require_at_least(1, rank_step=self.rank_step, max_rank=self.max_rank)
        require_at_least_or_null(0, max_depth=self.max_depth)
        require_units(width_step=self.width_step, max_width=self.max_width)
        for name, size in (("width", self.max_width), ("rank", self.max_rank)):
            require(size <= _LARGEST, f"max_{name} must be at most {_LARGEST:,}, got {size:,}")

    def within(self, n_layers: int) -> Space:
        """The space with the model's number of layers as `max_depth`, unless that is set."""
        return self if self.max_depth is not None else replace(self, max_depth=n_layers)

    def check_start(self, start: Growable) -> None:
        """Raise ValueError if `start` is beyond a limit."""
        _require_within("depth", start.depth, self.max_depth)
        if isinstance(start, Adapter):
            _require_within("width", start.width, self.max_width)
        if isinstance(start, Lora):
            _require_within("rank", start.rank, self.max_rank)

    def deeper(self, config: Growable) -> Growable:
        """The configuration with the next depth; the same configuration at the limit."""
        depth = config.depth + self.depth_step if config.depth else self.first_depth
        if self.max_depth is not None:
            depth = min(depth, self.max_depth)
        return replace(config, depth=max(depth, config.depth))

    def wider(self, config: Growable) -> Growable:
        """The configuration with the next width or rank; the same configuration at the limit."""
        match config:
            case Adapter(width=width):
                return replace(config, width=_grown(width, self.width_step, self.max_width))
            case Lora(rank=rank):
                return config.with_rank(_grown(rank, self.rank_step, self.max_rank))
            case Freeze():
                return config

    def grid(self, start: Growable) -> tuple[Growable, ...]:
        """All configurations that can be reached from `start`, ordered by depth and then width.

        Raises ValueError if `max_depth` is not set.
        """
        if self.max_depth is None:
            raise ValueError("max_depth must be set to list a space")
        return tuple(wide for deep in _all(start, self.deeper) for wide in _all(deep, self.wider))


def require_growable(config: TuningPlan) -> Growable:
    """The configuration itself. Raises TypeError if it is not Growable."""
    if not isinstance(config, Growable):
        raise TypeError(f"the configuration must be Adapter, Lora or Freeze, got {config!r}")
    return config


def _all(config: Growable, grow: Callable[[Growable], Growable]) -> Iterator[Growable]:
    yield config
    while (bigger := grow(config)) != config:
        yield (config := bigger)


def _grown(size: int, step: int, limit: int) -> int:
    return max(size, min(size + step, limit))


def _require_within(name: str, value: int, limit: int | None) -> None:
    require(
        limit is None or value <= limit,
        f"space.max_{name} must be at least start.{name} ({value}), got {limit}",
    )
