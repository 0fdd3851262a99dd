"""The Configurator protocol, with trials, scores and decisions.

A configurator is pure: it has no clock, no I/O and no state. All it knows of earlier trials is the
history that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from learner.plan import TuningPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A candidate of a trial: who trains what. `name` is unique in the trial."""

    name: str
    plan: TuningPlan


@dataclass(frozen=True, slots=True)
class SimSeconds:
    """A budget of simulated seconds for every branch (a window). See also TrialRules.crossing."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Rounds:
    """A budget of rounds for every branch."""

    rounds: int


@dataclass(frozen=True, slots=True)
class Unlimited:
    """No budget: the trial lasts until the run ends."""


Budget = SimSeconds | Rounds | Unlimited


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRules:
    """Rules of a trial.

    allocation: the clients that a branch may select. pools: an equal part of all clients, drawn
    for the trial. redraw: in each round, any client that no branch is using (the paper). same: all
    branches select the same clients, as if a client could work for all of them at once (the
    artifact).
    crossing: a round that is in progress at the end of a window is cut (drop), so that its work is
    lost, or completed (finish).
    score: a branch's accuracy at the end of the trial (last), or the highest of its evaluations in
    the trial (best-in-window, the artifact).
    """

    allocation: Literal["pools", "redraw", "same"] = "pools"
    crossing: Literal["drop", "finish"] = "drop"
    score: Literal["last", "best-in-window"] = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Branches that start from the same state and have the same budget.

    A trial of a single branch is not scored, unless it has `views`: names and plans of parts of its
    state (nested trials). All clients then train one state, from which no update is lost, and the
    views are scored and decided on in the place of branches.
    """

    branches: tuple[Branch, ...]
    budget: Budget = Unlimited()
    rules: TrialRules = field(default_factory=TrialRules)
    views: tuple[Branch, ...] = ()

    @property
    def candidates(self) -> tuple[Branch, ...]:
        """What is scored and chosen from: the views if there are any, otherwise the branches."""
        return self.views or self.branches

    @staticmethod
    def alone(name: str, plan: TuningPlan) -> Trial:
        """A trial of one branch that lasts until the run ends."""
        return Trial(branches=(Branch(name=name, plan=plan),))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPoint:
    """A state of a branch on the deciding split: made at simulated second `t_s`, by aggregation
    `round` of the run; accuracy in 0-1, mean loss in nats."""

    t_s: float
    round: int
    accuracy: float
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchScore:
    """The score of a branch, or of a view, at the end of its budget.

    On the deciding split: `accuracy` (0-1, see TrialRules.score), `loss` (the last state's mean, in
    nats) and `correct`, a bitmap of the examples that the last state answers right (hex, the first
    example in the highest bit). Computed when they are called for: `losses()`, the last state's
    loss on each example; `curve()`, the points of the branch within the trial, one for each due
    evaluation; `accuracy_before()`, of the state from which the trial started.

    `rounds`: aggregations of the branch since the start of the trial. What they cost: `seconds` of
    simulated time up to the last of them, `bytes`, `joules`, and `client_rounds`, the clients
    asked in each round, summed.
    """

    accuracy: float
    rounds: int
    loss: float = 0.0
    correct: str = ""
    losses: Callable[[], Sequence[float]] = tuple
    curve: Callable[[], Sequence[ScoredPoint]] = tuple
    accuracy_before: Callable[[], float] = float
    seconds: float = 0.0
    bytes: int = 0
    joules: float = 0.0
    client_rounds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """A finished trial. `scores` is empty for a single branch. `chosen` is "" after BackTo."""

    trial: Trial
    scores: Mapping[str, BranchScore]
    chosen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCost:
    """Expected cost of one round, with filled caches where clients have any.

    It is that of the clients that can take part: they have the memory for the plan, and links that
    carry something.

    At the mean rates of the clients' traces: of one client, as a mean over all, `seconds`, `bytes`
    (down and up) and `joules`; `by_device`, mean seconds of a client by device class; `cohort_s`,
    the expected length of a synchronous round with a random cohort: it ends with the last report
    that it wants (of all clients, without over-commitment), or at its deadline. `round_s`: the same
    for transfers that begin at random instants of the traces.

    `shares`: of these clients, the share that trains each part of the plan, in its order.
    `excluded` (0-1): of all clients, the share that cannot take part.
    """

    seconds: float
    cohort_s: float
    by_device: Mapping[str, float]
    bytes: float
    joules: float
    round_s: float
    shares: tuple[float, ...]
    excluded: float = 0.0


@dataclass(frozen=True, slots=True)
class Choose:
    """Continue from the state and plan of this branch or view."""

    branch: str


@dataclass(frozen=True, slots=True)
class Extend:
    """Continue the trial with these branches (none named: all) and another budget.

    The other branches are dropped; the remaining ones share all clients. A trial with views
    continues with all of them.
    """

    budget: Budget
    branches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BackTo:
    """Drop all branches and continue from the state before the trial."""


Decision = Choose | Extend | BackTo
Costs = Callable[[TuningPlan], RoundCost]


class Configurator(Protocol):
    """A policy that proposes trials and decides which branch continues."""

    def initial(self) -> TuningPlan:
        """The first plan; the first state has its shape."""
        ...

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        """The next trial; None ends the run. costs: expected cost of a round of a plan."""
        ...

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        """The decision on a trial with at least two branches."""
        ...
