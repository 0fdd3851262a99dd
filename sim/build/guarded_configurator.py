"""Guarded: a configurator of the user's, whose mistakes are told in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb

from configurator import Configurator
from configurator.checks import check_plan
from configurator.protocol import BranchScore, Costs, Decision, Trial, TrialResult
from learner.graph.stored_learner import NotStoredError
from learner.graph.trainer import TrainingError
from learner.graph.walk import StateLostError
from learner.plan import TuningPlan
from sim.runlog import RunError

_NOT_ITS_OWN = (RunError, TrainingError, NotStoredError, StateLostError)
"""Errors of the run, which a configurator meets where it asks for costs or losses."""


@dataclass(frozen=True, slots=True, repr=False)
class Guarded:
    """Raises ValueError, with class, method, file and line, for anything that `policy` raises."""

    policy: Configurator

    def initial(self) -> TuningPlan:
        with naming_the_line(type(self.policy), "initial"):
            plan = self.policy.initial()
        check_plan(plan, f"configurator {type(self.policy).__name__}.initial must return a plan")
        return plan

    def propose(
        self, current: TuningPlan, history: Sequence[TrialResult], costs: Costs
    ) -> Trial | None:
        with naming_the_line(type(self.policy), "propose"):
            return self.policy.propose(current, history, costs)

    def decide(self, trial: Trial, scores: Mapping[str, BranchScore]) -> Decision:
        with naming_the_line(type(self.policy), "decide"):
            return self.policy.decide(trial, scores)

    def __repr__(self) -> str:
        with naming_the_line(type(self.policy), "__repr__"):
            return repr(self.policy)


@contextmanager
def naming_the_line(kind: type[object], method: str) -> Iterator[None]:
    """Turn what a method of the user's class raises into ValueError, with its file and line."""
    try:
        yield
    except _NOT_ITS_OWN:
        raise
    except Exception as error:
        raise ValueError(
            f"configurator {kind.__name__}.{method} raised {type(error).__name__}: {error} "
            f"({_place(error)})"
        ) from error


def _place(error: Exception) -> str:
    """Where the user's code was: the last line in the file that was called from here."""
    frames = extract_tb(error.__traceback__)
    called = [frame for frame in frames if frame.filename != __file__] or [frames[-1]]
    last = [frame for frame in called if frame.filename == called[0].filename][-1]
    return f"{Path(last.filename).name}, line {last.lineno}"
