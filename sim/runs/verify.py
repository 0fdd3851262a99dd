"""Verifies a finished run: trains some of its states again and compares them with the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from learner.graph.stored_learner import StoredLearner
from learner.spec import StateRef
from sim.records import RoundRow
from sim.run_files import read_rows
from sim.runlog import EVENTS, RunError
from sim.streams import Streams

from .progress import ProgressSink
from .resume import as_run_errors, resume_finished_run


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedState:
    """An aggregated state that was trained again from its parents, with `trainings` LocalJobs.

    `differing`: the tensors and scores that differ from the stored ones in any bit.
    """

    state: str
    branch: str
    round: int
    trainings: int
    differing: tuple[str, ...]

    def __str__(self) -> str:
        names = ", ".join(self.differing[:3]) + (" ..." if len(self.differing) > 3 else "")
        outcome = f"differs in {names}" if names else "the same"
        return (
            f"round {self.round}, branch {self.branch}, state {self.state}: {outcome} "
            f"({self.trainings} trainings)"
        )


def verify_states(
    run_dir: Path,
    *,
    sample: int = 3,
    cache_dir: Path | None = None,
    on_progress: ProgressSink = lambda progress: None,
) -> Iterator[VerifiedState]:
    """Train up to `sample` of the run's aggregated states again, of those that are in the store.

    The sample is drawn by the run's seed. The store stays as it is, except that damaged files are
    removed. Raises RunError if the run cannot be resumed (see resume_finished_run), if the store
    has none of its states, and if training fails.
    """
    simulation, learner = resume_finished_run(run_dir, cache_dir=cache_dir, on_progress=on_progress)
    done = [row for row in read_rows(run_dir / EVENTS) if row.get("status") == "done"]
    rounds = [row for row in done if row["row"] == RoundRow.row]
    order = Streams(simulation.seed).order("verify", ids=range(len(rounds)))
    stored = (rounds[i] for i in order if learner.is_stored(StateRef(rounds[i]["state"])))
    chosen = list(islice(stored, sample))
    if not chosen:
        raise RunError(f"{run_dir}: the store no longer has the tensors of any of its rounds")
    plan = simulation.scenario.evaluation
    splits = list(dict.fromkeys((plan.decide_on, plan.report_on)))
    with as_run_errors(run_dir):
        yield from (_verify(learner, row, splits) for row in chosen)


def _verify(learner: StoredLearner, row: Mapping[str, Any], splits: Sequence[str]) -> VerifiedState:
    state, before = StateRef(row["state"]), learner.trainings
    return VerifiedState(
        state=state,
        branch=row["branch"],
        round=row["round"],
        differing=tuple(learner.unlike(state, splits)),
        trainings=learner.trainings - before,
    )
