"""States of a finished run trained again, beside what the store has of them."""

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
from .resume import as_failures_of, repeat_run


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """An aggregated state, made again from its parents by `trainings` LocalJobs. `differing`: the
    tensors and scores that are not the stored ones, to the bit; none where all is as it was."""

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


def retrain(
    run_dir: Path,
    *,
    sample: int = 3,
    cache_dir: Path | None = None,
    on_progress: ProgressSink = lambda progress: None,
) -> Iterator[Retrained]:
    """Make again up to `sample` of the run's aggregated states whose tensors the store has.

    Which they are is drawn by the run's seed; what the store has of them stays there, unless its
    file is damaged. Raises
    RunError for a run that cannot be repeated (see repeat_run), where the store has none of its
    states, and where a training fails.
    """
    simulation, learner = repeat_run(run_dir, cache_dir=cache_dir, on_progress=on_progress)
    done = [row for row in read_rows(run_dir / EVENTS) if row.get("status") == "done"]
    rounds = [row for row in done if row["row"] == RoundRow.row]
    order = Streams(simulation.seed).order("retrain", ids=range(len(rounds)))
    stored = (rounds[i] for i in order if learner.is_stored(StateRef(rounds[i]["state"])))
    chosen = list(islice(stored, sample))
    if not chosen:
        raise RunError(f"{run_dir}: the store has the tensors of none of its rounds any more")
    plan = simulation.scenario.evaluation
    splits = list(dict.fromkeys((plan.decide_on, plan.report_on)))
    with as_failures_of(run_dir):
        yield from (_retrained(learner, row, splits) for row in chosen)


def _retrained(learner: StoredLearner, row: Mapping[str, Any], splits: Sequence[str]) -> Retrained:
    state, before = StateRef(row["state"]), learner.trainings
    return Retrained(
        state=state,
        branch=row["branch"],
        round=row["round"],
        differing=tuple(learner.unlike(state, splits)),
        trainings=learner.trainings - before,
    )
