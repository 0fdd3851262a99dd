"""A user's module: a configurator and a participation, imported by name in the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from configurator.protocol import Branch, Choose, Costs, Decision, Rounds, Trial
from configurator.space import Space
from learner.plan import TuningPlan
from learner.spec import Adapter, TuningConfig
from sim.engine.participation import compute, download, upload, wait


@dataclass(frozen=True)
class Deepening:
    """One layer more after every `rounds` rounds."""

    space: Space
    rounds: int = 2

    def initial(self) -> TuningConfig:
        return Adapter(depth=1, width=8)

    def propose(self, current: TuningPlan, history: Sequence[Any], costs: Costs) -> Trial:
        config = self.space.deeper(current) if history else current  # type: ignore[arg-type]  # an Adapter
        return Trial(branches=(Branch(name="on", plan=config),), budget=Rounds(self.rounds))

    def decide(self, trial: Trial, scores: Mapping[str, Any]) -> Decision:
        return Choose("on")


class Plain(Deepening):
    """Not a dataclass of its own values: what it was made from cannot be read from it."""

    def __init__(self, how: Any) -> None:
        super().__init__(space=Space(max_depth=how.max_depth))

    def __repr__(self) -> str:
        return "Plain()"


@dataclass(frozen=True)
class Strict(Deepening):
    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise ValueError(f"rounds must be at least 1, got {self.rounds}")


def slow(job: Any) -> Any:
    """Waits a second before it uploads."""
    yield from download(job)
    yield from compute(job)
    yield from wait(job, 1.0)
    yield from upload(job)
