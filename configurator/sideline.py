"""FedAdapter's configurator: sideline trials of keep, deeper and wider (paper, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from learner.spec import UNIT_WIDTH, Adapter, TuningConfig

from .protocol import Branch, BranchScore, Choose, Costs, SimSeconds, Trial, TrialResult

MOST_BRANCHES = 3
"""Keep, wider and deeper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sideline:
    """Every `interval_s` simulated seconds, the best of keep / deeper / wider goes on.

    Never diagonal, never shrinking. At `max_depth` (null: the model's layers) or `max_width` the
    branch that would cross it is left out. Ties go keep, wider, deeper (the artifact's order; the
    paper is silent).
    """

    kind: Literal["sideline"] = "sideline"
    interval_s: float = 60.0
    window: Literal["interval", "interval * (4 * depth + 1)"] = "interval"
    start: Adapter = field(default_factory=lambda: Adapter(depth=0, width=UNIT_WIDTH))
    depth_step: int = 1  # Sd of the paper
    width_step: int = UNIT_WIDTH  # Sw
    max_depth: int | None = None
    max_width: int = 64  # the paper's search space

    def __post_init__(self) -> None:
        if self.interval_s <= 0:
            raise ValueError(f"interval_s must be above 0, got {self.interval_s}")
        if self.depth_step < 1:
            raise ValueError(f"depth_step must be at least 1, got {self.depth_step}")
        if self.max_depth is not None and self.max_depth < self.start.depth:
            raise ValueError(
                f"max_depth must be at least start.depth ({self.start.depth}), got {self.max_depth}"
            )
        if self.max_width < self.start.width:
            raise ValueError(
                f"max_width must be at least start.width ({self.start.width}), got {self.max_width}"
            )
        for name in ("width_step", "max_width"):
            width = getattr(self, name)
            if width < UNIT_WIDTH or width % UNIT_WIDTH:
                raise ValueError(f"{name} must be a positive multiple of {UNIT_WIDTH}, got {width}")

    def initial(self) -> TuningConfig:
        return self.start

    def propose(
        self, current: TuningConfig, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        if not isinstance(current, Adapter):
            raise TypeError(f"sideline trials grow adapters, not {type(current).__name__}")
        branches = [Branch(name="keep", config=current)]
        wider = Adapter(depth=current.depth, width=current.width + self.width_step)
        if wider.width <= self.max_width:
            branches.append(Branch(name="wider", config=wider))
        deeper = Adapter(depth=current.depth + self.depth_step, width=current.width)
        if self.max_depth is None or deeper.depth <= self.max_depth:
            branches.append(Branch(name="deeper", config=deeper))
        return Trial(branches=tuple(branches), budget=SimSeconds(self._window_s(current)))

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Choose:
        """The highest accuracy; the branches stand in tie order."""
        return Choose(max(trial.branches, key=lambda b: scores[b.name].accuracy).name)

    def _window_s(self, current: Adapter) -> float:
        scaled = self.window != "interval"  # the artifact lengthens windows as adapters deepen
        return self.interval_s * (4 * current.depth + 1 if scaled else 1)
