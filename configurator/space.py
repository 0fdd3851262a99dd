"""Where configurations may grow, in which steps and how far: deeper, wider, never back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from learner.spec import UNIT_WIDTH, Adapter, Freeze, Lora, TuningConfig

Growable = Adapter | Lora | Freeze
"""Configurations that have neighbours. Adapters widen in neurons, LoRA in rank, and alpha with it;
frozen bottoms (Freeze) grow in depth alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Steps and limits of growth.

    `depth_step` layers a step down, `first_depth` the depth that follows 0 (the artifact's is 2),
    `max_depth` null for the model's layers; `width_step` and `max_width` in neurons of adapters,
    `rank_step` and `max_rank` in ranks of LoRA. The last step before a limit may be a shorter one.
    """

    depth_step: int = 1  # Sd of the paper
    first_depth: int = 1
    max_depth: int | None = None
    width_step: int = UNIT_WIDTH  # Sw
    max_width: int = 64  # the paper's search space
    rank_step: int = 4
    max_rank: int = 32

    def __post_init__(self) -> None:
        for name in ("depth_step", "first_depth", "rank_step", "max_rank"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.max_depth is not None and self.max_depth < 0:
            raise ValueError(f"max_depth must be at least 0 or null, got {self.max_depth}")
        for name in ("width_step", "max_width"):
            width = getattr(self, name)
            if width < UNIT_WIDTH or width % UNIT_WIDTH:
                raise ValueError(f"{name} must be a positive multiple of {UNIT_WIDTH}, got {width}")

    def within(self, n_layers: int) -> Space:
        """The same space, no deeper than the model."""
        return self if self.max_depth is not None else replace(self, max_depth=n_layers)

    def check_start(self, start: Growable) -> None:
        """Raises ValueError for a start beyond a limit."""
        _require_within("depth", start.depth, self.max_depth)
        if isinstance(start, Adapter):
            _require_within("width", start.width, self.max_width)
        if isinstance(start, Lora):
            _require_within("rank", start.rank, self.max_rank)

    def deeper(self, config: Growable) -> Growable:
        """The next depth at the same width; the configuration itself at the limit."""
        depth = config.depth + self.depth_step if config.depth else self.first_depth
        if self.max_depth is not None:
            depth = min(depth, self.max_depth)
        return replace(config, depth=max(depth, config.depth))

    def wider(self, config: Growable) -> Growable:
        """The next width or rank at the same depth; the configuration itself at the limit."""
        match config:
            case Adapter(width=width):
                return replace(config, width=_grown(width, self.width_step, self.max_width))
            case Lora(rank=rank):
                return config.with_rank(_grown(rank, self.rank_step, self.max_rank))
            case Freeze():
                return config

    def grid(self, start: Growable) -> tuple[Growable, ...]:
        """All that can be reached from `start`, shallow before deep and narrow before wide.

        Raises ValueError if no depth limit is known.
        """
        if self.max_depth is None:
            raise ValueError("max_depth must be set to list a space")
        return tuple(wide for deep in _all(start, self.deeper) for wide in _all(deep, self.wider))


def growable(config: TuningConfig) -> Growable:
    """The configuration, if it has neighbours. Raises TypeError."""
    if not isinstance(config, Growable):
        raise TypeError(f"{type(config).__name__} cannot grow")
    return config


def _all(config: Growable, grow: Callable[[Growable], Growable]) -> Iterator[Growable]:
    yield config
    while (bigger := grow(config)) != config:
        yield (config := bigger)


def _grown(size: int, step: int, limit: int) -> int:
    return max(size, min(size + step, limit))


def _require_within(name: str, value: int, limit: int | None) -> None:
    if limit is not None and value > limit:
        raise ValueError(f"space.max_{name} must be at least start.{name} ({value}), got {limit}")
