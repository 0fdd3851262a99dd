"""TuningPlan: who trains what in a branch.

A TuningConfig is the plan in which every client trains the whole state. In the other plans the
state has the largest shape, and a client trains a part of it: its top layers, its first units, its
first ranks, and the head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import isclose, isfinite
from typing import Literal

from .ranges import require, require_above_0, require_at_least
from .spec import Adapter, Freeze, Lora, Runs, TuningConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """A configuration by device.

    A client trains the first of `parts` for which its device has the memory and its expected job
    takes at most `limit_s` simulated seconds (None: no limit); if there is none, the last. `runs`:
    see learner.spec.Runs.

    `most_batches`: a client that has time left until `limit_s` trains on more batches than the
    scenario says, as many as fit, up to this number (None: it does not). Never on fewer.

    `whole`: the state's configuration, where nobody trains all of it (None: the smallest one of
    which all parts are parts).
    """

    kind: Literal["tiers"] = "tiers"
    parts: tuple[TuningConfig, ...]
    limit_s: float | None = None
    runs: Runs = "part"
    most_batches: int | None = None
    whole: TuningConfig | None = None

    def __post_init__(self) -> None:
        _require_parts(self.parts)
        if self.limit_s is not None:
            require_above_0(limit_s=self.limit_s)
            require(
                isfinite(self.limit_s),
                "limit_s must be finite or null, got inf: are all links of the fleet dead?",
            )
        if self.most_batches is not None:
            require_at_least(1, most_batches=self.most_batches)
            require(
                self.limit_s is not None,
                "most_batches must be null where limit_s is, since nothing else limits them, "
                f"got {self.most_batches}",
            )
        whole = self.whole
        require(
            whole is None or all(is_part(part, whole) for part in self.parts),
            f"whole must hold all parts, {_listed(self.parts)}, got {whole}",
        )

    def __str__(self) -> str:
        limit = "memory" if self.limit_s is None else f"{self.limit_s:g} s"
        more = "" if self.most_batches is None else f", up to {self.most_batches} batches"
        return f"{_listed(self.parts)} by {limit}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of every cohort: shares[i] (0-1) of the clients train parts[i].

    Which clients train what is drawn anew in each round. `runs`: see learner.spec.Runs.
    """

    kind: Literal["shares"] = "shares"
    parts: tuple[TuningConfig, ...]
    shares: tuple[float, ...]
    runs: Runs = "part"

    def __post_init__(self) -> None:
        _require_parts(self.parts)
        require(
            len(self.shares) == len(self.parts)
            and all(share > 0 for share in self.shares)
            and isclose(sum(self.shares), 1.0, abs_tol=1e-6),
            f"shares must be one positive number for each part, 1 in total, got {self.shares}",
        )

    def __str__(self) -> str:
        return f"{_listed(self.parts)} in shares {', '.join(f'{one:.3g}' for one in self.shares)}"


TuningPlan = TuningConfig | Tiers | Shares
"""Who trains what in a branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one client trains: `config`, which is all of the state (`whole` None) or a part of it.

    `whole`: the state's configuration. `runs`: see learner.spec.Runs.
    """

    config: TuningConfig
    whole: TuningConfig | None = None
    runs: Runs = "part"

    @property
    def received(self) -> TuningConfig:
        """The configuration that the client downloads and runs."""
        return self.whole if self.whole is not None and self.runs == "whole" else self.config


@cache
def shape(plan: TuningPlan) -> TuningConfig:
    """The configuration of a plan's state: the smallest one of which all parts are parts, or the
    plan's own `whole`."""
    if not isinstance(plan, Tiers | Shares):
        return plan
    if isinstance(plan, Tiers) and plan.whole is not None:
        return plan.whole
    largest = plan.parts[0]
    for part in plan.parts[1:]:
        largest = _union(largest, part)
    return largest


@cache
def parts_of(plan: TuningPlan) -> tuple[Part, ...]:
    """What the clients of a plan train, in the plan's order."""
    if not isinstance(plan, Tiers | Shares):
        return (Part(config=plan),)
    whole = shape(plan)
    return tuple(
        Part(config=config) if config == whole else Part(config=config, whole=whole, runs=plan.runs)
        for config in plan.parts
    )


def is_part(config: TuningConfig, whole: TuningConfig) -> bool:
    """Whether a state of `whole` holds one of `config`."""
    kinds = {type(config), type(whole)}
    is_alike = len(kinds) == 1 and kinds <= {Adapter, Lora, Freeze}
    if isinstance(config, Lora) and isinstance(whole, Lora):
        is_alike = isclose(config.scale, whole.scale)
    return config == whole or (is_alike and _union(config, whole) == whole)


def _require_parts(parts: Sequence[TuningConfig]) -> None:
    require(bool(parts), "parts must name at least one configuration, got none")
    kinds = {type(part) for part in parts}
    require(
        len(kinds) == 1 and kinds <= {Adapter, Lora, Freeze},
        "parts must all be adapters, all LoRA or all top layers (kind freeze), got "
        + _listed(parts),
    )
    loras = [part for part in parts if isinstance(part, Lora)]
    require(
        all(isclose(part.scale, loras[0].scale) for part in loras),
        f"parts must have one alpha / rank, got {[part.scale for part in loras]}",
    )


def _union(one: TuningConfig, other: TuningConfig) -> TuningConfig:
    """The smallest configuration of which both are parts."""
    match one, other:
        case Adapter(), Adapter():
            return Adapter(depth=max(one.depth, other.depth), width=max(one.width, other.width))
        case Lora(), Lora():
            wide = one if one.rank >= other.rank else other
            return Lora(depth=max(one.depth, other.depth), rank=wide.rank, alpha=wide.alpha)
        case Freeze(), Freeze():
            return Freeze(depth=max(one.depth, other.depth))
        case _:
            raise TypeError(f"{one} and {other} have no common shape")


def _listed(parts: Sequence[TuningConfig]) -> str:
    return " / ".join(map(str, parts))
