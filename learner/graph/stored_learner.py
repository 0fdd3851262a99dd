"""The learner that names first and trains last: answered by the store, else by a trainer.

Imports no torch: the trainer is made at the first number that the store does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from learner.spec import AggregationRule, Evaluation, Feedback, StateRef, TuningConfig, Update
from learner.state import State
from learner.store.store import Store

from .recipes import RecipeGraph, job_digest, ordered_updates
from .trainer import DivergedError, NoMemoryError, Trainer, TrainingError, WorkerDiedError
from .walk import Passed, StateLostError, Walk

__all__ = [
    "DivergedError",
    "NoMemoryError",
    "NotStoredError",
    "Progress",
    "State",
    "StoredLearner",
    "Trainer",
    "TrainingError",
    "WorkerDiedError",
]


class NotStoredError(LookupError):
    """A replay asked for a number that no run has stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One state made or scored inside an `evaluate` call; the counts are those of this call."""

    done: int
    total: int
    jobs_done: int
    jobs_total: int
    state: StateRef
    evaluation: Evaluation | None


def _ignore(progress: Progress) -> None:
    del progress


class StoredLearner:
    """A Learner that remembers every number it has given and trains only what is missing.

    `context` names model and data (see RecipeGraph); `numerics` is the tag under which numbers
    are stored. `make_trainer` None makes a replay, in which a miss raises NotStoredError.
    """

    def __init__(
        self,
        *,
        context: str,
        store: Store,
        numerics: str,
        make_trainer: Callable[[], Trainer] | None,
        on_progress: Callable[[Progress], None] = _ignore,
    ) -> None:
        self._graph = RecipeGraph(context)
        self._store = store
        self._numerics = numerics
        self._make_trainer = make_trainer
        self._on_progress = on_progress
        self._trainer: Trainer | None = None
        self.store_hits = 0  # evaluations answered and states loaded

    @property
    def trainings(self) -> int:
        """LocalJobs executed by this learner's trainer."""
        return self._trainer.trainings if self._trainer else 0

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        return self._graph.initial(config, seed)

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        return self._graph.adapt(state, config, seed)

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef:
        return self._graph.aggregate(state, updates, rule)

    def evaluate(self, states: Sequence[StateRef], split: str) -> list[Evaluation]:
        """Scores in the order of `states`; each is stored as soon as it is known.

        Raises NotStoredError in a replay and TrainingError when a training or a score fails.
        """
        known: dict[StateRef, Evaluation] = {}
        for state in dict.fromkeys(states):
            stored = self._store.evaluation(state, split, self._numerics)
            if stored is not None:
                known[state] = stored
        self.store_hits += len(known)
        while missing := [state for state in dict.fromkeys(states) if state not in known]:
            with suppress(StateLostError):  # the damaged file is removed: plan again without it
                self._score(missing, split, known)
        return [known[state] for state in states]

    def is_stored(self, state: StateRef) -> bool:
        """Whether the store has a file of the state, sound or not."""
        return self._store.has_state(state, self._numerics)

    def unlike(self, state: StateRef, splits: Sequence[str]) -> list[str]:
        """What the store has of a state and its recipe does not make: names of tensors whose bytes
        differ, and splits with another score; of a damaged file, which is removed, only that.

        The state is made from its parents' tensors and not stored. Raises as `evaluate` does.
        """
        recipe = self._graph.recipe(state)
        trainer = self._require_trainer(state, "training")
        made = trainer.make(recipe, {parent: self.tensors(parent) for parent in recipe.parents})
        stored = self._store.state(state, self._numerics)
        found = ["its file, which was damaged"] if stored is None else _differing(stored, made)
        for split in splits:
            scores = self._store.evaluation(state, split, self._numerics)
            if scores is not None and scores != trainer.evaluate(made, recipe.config, split):
                found.append(f"the {split} score")
        return found

    def tensors(self, state: StateRef) -> State:
        """A state's tensors, read from the store or made again. Raises as `evaluate` does."""
        while True:
            stored = self._store.state(state, self._numerics)
            if stored is not None:
                return stored
            trainer = self._require_trainer(state, "tensors")
            with suppress(StateLostError):
                for passed in self._along(self._walk([state], trainer)):
                    if passed.state == state:
                        return passed.tensors

    def feedback(self, updates: Sequence[Update]) -> list[Feedback]:
        """Each client's training loss, from the aggregation that took the updates up.

        Raises as `evaluate` does.
        """
        if not updates:
            return []
        name = self._graph.updates_name(updates)
        told = self._store.feedback(name, self._numerics)
        self.store_hits += told is not None
        while told is None:
            with suppress(StateLostError):
                self._train_again(self._graph.aggregated(updates))
            told = self._store.feedback(name, self._numerics)
        by_job = dict(zip(map(_who, ordered_updates(updates)), told, strict=True))
        return [by_job[_who(update)] for update in updates]

    def _train_again(self, target: StateRef) -> None:
        """Make a state even if it is stored: its clients' feedback is stored on the way."""
        trainer = self._require_trainer(target, "training")
        for _ in self._along(self._walk([target], trainer, again=True)):
            pass

    def _score(
        self, targets: Sequence[StateRef], split: str, known: dict[StateRef, Evaluation]
    ) -> None:
        """Walk to the targets; their scores go into `known` and the store as they are found."""
        trainer = self._require_trainer(targets[0], split)
        for passed in self._along(self._walk(targets, trainer, split=split)):
            if passed.evaluation is not None:
                known[passed.state] = passed.evaluation
                self._store.add_evaluation(passed.state, split, self._numerics, passed.evaluation)

    def _walk(
        self,
        targets: Sequence[StateRef],
        trainer: Trainer,
        *,
        split: str | None = None,
        again: bool = False,
    ) -> Walk:
        return Walk(
            graph=self._graph,
            store=self._store,
            numerics=self._numerics,
            trainer=trainer,
            targets=targets,
            split=split,
            again=again,
        )

    def _along(self, walk: Walk) -> Iterator[Passed]:
        """What the walk passes; progress is told after each state."""
        jobs_done, jobs_total = 0, walk.total_jobs
        try:
            for done, passed in enumerate(walk.passed(), start=1):
                jobs_done += walk.n_jobs(passed.state)
                yield passed
                self._on_progress(
                    Progress(
                        done=done,
                        total=len(walk),
                        jobs_done=jobs_done,
                        jobs_total=jobs_total,
                        state=passed.state,
                        evaluation=passed.evaluation,
                    )
                )
        finally:
            self.store_hits += walk.loaded

    def _require_trainer(self, state: StateRef, split: str) -> Trainer:
        if self._trainer is None:
            if self._make_trainer is None:
                config = self._graph.config(state)
                raise NotStoredError(
                    f"the store has no {split} score of state {state}, configuration {config}, "
                    f"under {self._numerics}"
                )
            self._trainer = self._make_trainer()
        return self._trainer


def _differing(one: State, other: State) -> list[str]:
    """Names of tensors that are not in both with the same bytes."""
    ours, theirs = ({n: value.tobytes() for n, value in state.items()} for state in (one, other))
    return [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]


def _who(update: Update) -> tuple[str, StateRef]:
    """A job of one base: the same work twice tells the same."""
    return job_digest(update.job), update.base
