"""CountingLearner: trains nothing; counts what a run would have to train (for forecasts)."""

from __future__ import annotations

from collections.abc import Sequence

from learner.aggregation_rule import AggregationRule
from learner.spec import Evaluation, Feedback, StateRef, TuningConfig, Update
from learner.store.store import Store

from .recipes import Aggregate, Recipe, RecipeGraph

_HALF_ROUNDS = 20
"""Number of rounds after which the guessed accuracy is one half."""


class CountingLearner:
    """A Learner that takes scores from the store and guesses those that it does not have.

    `missing` has the recipes of the states that a run would have to make; `unscored` the states
    and splits that it would have to score, with their configurations. A guessed accuracy rises
    with the rounds of the lineage. So the counts are exact for a fixed policy, but only an
    estimate for a policy that decides by scores.
    """

    trainings = 0

    def __init__(self, *, context: str, store: Store, numerics: str) -> None:
        self._graph = RecipeGraph(context)
        self._store = store
        self._numerics = numerics
        self._rounds: dict[StateRef, int] = {}
        self.missing: dict[StateRef, Recipe] = {}
        self.unscored: dict[tuple[StateRef, str], TuningConfig] = {}
        self.store_hits = 0

    def initial(self, config: TuningConfig, seed: int) -> StateRef:
        return self._graph.initial(config, seed)

    def adapt(self, state: StateRef, config: TuningConfig, seed: int) -> StateRef:
        grown = self._graph.adapt(state, config, seed)
        self._rounds[grown] = self._rounds.get(state, 0)
        return grown

    def restrict(self, state: StateRef, config: TuningConfig) -> StateRef:
        part = self._graph.restrict(state, config)
        self._rounds[part] = self._rounds.get(state, 0)
        return part

    def aggregate(
        self, state: StateRef, updates: Sequence[Update], rule: AggregationRule
    ) -> StateRef:
        made = self._graph.aggregate(state, updates, rule)
        self._rounds[made] = self._rounds.get(state, 0) + 1
        return made

    def evaluate(self, states: Sequence[StateRef], split: str) -> list[Evaluation]:
        """The stored scores; for the others a guess, and their states count as missing."""
        return [self._score(state, split) for state in states]

    def example_losses(self, states: Sequence[StateRef], split: str) -> list[tuple[float, ...]]:
        """The same guess for every state, of which what is missing is counted."""
        self.evaluate(states, split)
        return [(1.0,) for _ in states]

    def feedback(self, updates: Sequence[Update]) -> list[Feedback]:
        """The same guess for every client."""
        return [Feedback(mean_loss=1.0, rms_loss=1.0) for _ in updates]

    def _score(self, state: StateRef, split: str) -> Evaluation:
        stored = self._store.evaluation(state, split, self._numerics)
        if stored is not None:
            self.store_hits += 1
            return stored
        for below in self._graph.pending([state], self._is_made):
            self.missing[below] = self._graph.recipe(below)
        self.unscored[state, split] = self._graph.config(state)
        rounds = self._rounds.get(state, 0)
        guess = rounds / (rounds + _HALF_ROUNDS)
        return Evaluation(accuracy=guess, macro_f1=guess, loss=1.0, n_examples=1, correct="0")

    def _is_made(self, state: StateRef) -> bool:
        return state in self.missing or self._store.has_state(state, self._numerics)


def count_jobs(recipe: Recipe) -> int:
    """Number of LocalJobs that the recipe trains."""
    return len(recipe.updates) if isinstance(recipe, Aggregate) else 0


def count_examples(recipe: Recipe) -> int:
    """Number of examples, with repetitions, that the recipe trains on."""
    if not isinstance(recipe, Aggregate):
        return 0
    jobs = [update.job for update in recipe.updates]
    return sum(job.n_batches * job.batch_size for job in jobs)
