"""StoredLearner: takes numbers from the store and trains only what is missing.

Does not import torch: the trainer is created when the first number is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from learner.aggregation_rule import AggregationRule
from learner.spec import Evaluation, Feedback, StateRef, TuningConfig, Update
from learner.state import State
from learner.store.store import Store

from .names import job_digest, ordered_updates
from .recipes import RecipeGraph
from .trainer import Trainer
from .walk import StateLostError, Visited, Walk

NOTHING_KNOWN: Mapping[tuple[StateRef, str], Evaluation] = MappingProxyType({})


class NotStoredError(LookupError):
    """A replay needs a number that is not in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Progress of one `evaluate` call after a state was made or scored: states and LocalJobs."""

    done: int
    total: int
    jobs_done: int
    jobs_total: int
    state: StateRef
    evaluation: Evaluation | None


class StoredLearner:
    """A Learner that stores all its results and trains only what the store does not have.

    `context` identifies model and data (see RecipeGraph). Results are stored under the tag
    `numerics`. `known`: scores by state and split that need no store, those of a run's log, say.
    Without `make_trainer` it is a replay: a missing result raises NotStoredError.
    """

    def __init__(
        self,
        *,
        context: str,
        store: Store,
        numerics: str,
        make_trainer: Callable[[], Trainer] | None,
        known: Mapping[tuple[StateRef, str], Evaluation] = NOTHING_KNOWN,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self._graph = RecipeGraph(context)
        self._store = store
        self._numerics = numerics
        self._make_trainer = make_trainer
        self._known = known
        self._on_progress = on_progress
        self._trainer: Trainer | None = None
        self.store_hits = 0  # evaluations answered and states loaded

    @property
    def trainings(self) -> int:
        """LocalJobs trained by this learner's trainer."""
        return self._trainer.trainings if self._trainer else 0

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        return self._graph.initial(config, seed)

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        return self._graph.adapt(state, config, seed)

    def restrict(self, state: StateRef, config: TuningConfig) -> StateRef:
        return self._graph.restrict(state, config)

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef:
        return self._graph.aggregate(state, updates, rule)

    def evaluate(self, states: Sequence[StateRef], split: str) -> list[Evaluation]:
        """Scores in the order of `states`; each is stored as soon as it is known.

        Raises TrainingError if training or scoring fails, and NotStoredError in a replay.
        """
        known: dict[StateRef, Evaluation] = {}
        for state in dict.fromkeys(states):
            stored = self._known.get((state, split))
            stored = stored or self._store.evaluation(state, split, self._numerics)
            if stored is not None:
                known[state] = stored
        self.store_hits += len(known)
        while missing := [state for state in dict.fromkeys(states) if state not in known]:
            with suppress(StateLostError):  # a damaged file was removed: try again without it
                self._score(missing, split, known)
        return [known[state] for state in states]

    def example_losses(self, states: Sequence[StateRef], split: str) -> list[tuple[float, ...]]:
        """Each state's losses, in the order of `states`. Raises as `evaluate` does."""
        return [self._example_losses(state, split) for state in states]

    def _example_losses(self, state: StateRef, split: str) -> tuple[float, ...]:
        stored = self._store.losses(state, split, self._numerics)
        if stored is None:
            trainer = self._require_trainer(state, f"{split} losses, and so no")
            config = self._graph.config(state)
            stored = trainer.example_losses(self.tensors(state), config, split)
            self._store.add_losses(state, split, self._numerics, stored)
        return stored

    def is_stored(self, state: StateRef) -> bool:
        """Whether the store has a file of the state (it may be damaged)."""
        return self._store.has_state(state, self._numerics)

    def unlike(self, state: StateRef, splits: Sequence[str]) -> list[str]:
        """Make a state again and compare it with the store; returns a description per difference.

        Differences are tensors with other bytes, splits with another score, or a damaged file,
        which is removed. The state is made from its parents' tensors and is not stored. Raises as
        `evaluate` does.
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
        """A state's tensors, from the store or made now. Raises as `evaluate` does."""
        while True:
            stored = self._store.state(state, self._numerics)
            if stored is not None:
                return stored
            trainer = self._require_trainer(state, "tensors")
            with suppress(StateLostError):
                for visited in self._visited(self._walk([state], trainer)):
                    if visited.state == state:
                        return visited.tensors

    def feedback(self, updates: Sequence[Update]) -> list[Feedback]:
        """Each client's training loss in the aggregation of these updates.

        Raises as `evaluate` does.
        """
        if not updates:
            return []
        name = self._graph.updates_name(updates)
        stored = self._store.feedback(name, self._numerics)
        self.store_hits += stored is not None
        while stored is None:
            with suppress(StateLostError):
                self._train_again(self._graph.aggregated(updates))
            stored = self._store.feedback(name, self._numerics)
        by_job = dict(zip(map(_who, ordered_updates(updates)), stored, strict=True))
        return [by_job[_who(update)] for update in updates]

    def _train_again(self, target: StateRef) -> None:
        """Make a state even if it is stored, so that its clients' feedback gets stored."""
        trainer = self._require_trainer(target, "training")
        for _ in self._visited(self._walk([target], trainer, again=True)):
            pass

    def _score(
        self, targets: Sequence[StateRef], split: str, known: dict[StateRef, Evaluation]
    ) -> None:
        """Make and score the targets; each score is added to `known` and to the store."""
        trainer = self._require_trainer(targets[0], split)
        for visited in self._visited(self._walk(targets, trainer, split=split)):
            if visited.evaluation is not None:
                known[visited.state] = visited.evaluation
                self._store.add_evaluation(visited.state, split, self._numerics, visited.evaluation)

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

    def _visited(self, walk: Walk) -> Iterator[Visited]:
        """The states that the walk visits; reports progress after each."""
        jobs_done, jobs_total = 0, walk.total_jobs
        try:
            for done, visited in enumerate(walk.run(), start=1):
                jobs_done += walk.n_jobs(visited.state)
                yield visited
                self._on_progress(
                    Progress(
                        done=done,
                        total=len(walk),
                        jobs_done=jobs_done,
                        jobs_total=jobs_total,
                        state=visited.state,
                        evaluation=visited.evaluation,
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
    """Names of tensors that are missing in one state or differ in their bytes."""
    ours, theirs = ({n: value.tobytes() for n, value in state.items()} for state in (one, other))
    return [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]


def _who(update: Update) -> tuple[str, StateRef]:
    """What identifies an update's feedback: its job and base."""
    return job_digest(update.job), update.base
