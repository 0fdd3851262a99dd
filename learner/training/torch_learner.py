"""TorchLearner: the Trainer that trains and scores a Hugging Face encoder with torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from learner.assets.sources import model_revision
from learner.encoder.activations import PASS_TOKENS, Activations
from learner.encoder.backbone import load_backbone
from learner.encoder.check import check_vocabulary
from learner.encoder.tokens import Tokens, tokenize, tokenize_words, word_reading
from learner.encoder.weight_shapes import Shapes
from learner.graph.names import LEARNER_EPOCH
from learner.graph.recipes import Adapt, Aggregate, Initial, Recipe, Restrict
from learner.graph.trainer import FeedbackSink
from learner.spec import Evaluation, LocalJob, NewWeights, StateRef, TuningConfig, Update
from learner.state import State
from learner.store.budget import activations_dir, cache_budget
from learner.tuning.parameters import (
    cropped,
    grown,
    initial_parameters,
    parameter_shapes,
    restricted,
    trainables,
)

from .batches import Examples
from .device import own_device
from .exchange import received, returned
from .forward import logits
from .local import Trained, passes, train_pass
from .memory import memory_for
from .numerics import Precision, numerics_tag
from .server_rules import server_step
from .targets import Targets, text_targets, word_targets

if TYPE_CHECKING:
    from learner.tasks import Split, Task


_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class TorchLearner:
    """A Trainer for one model and task. Texts are cut to `max_tokens` tokens.

    `shards` maps client ids to ordered indices into `task.train`. The frozen encoder's activations
    are cached in `cache_dir`, for all runs and processes. `on_fill` is called with the split that
    is being encoded and the share that is done (0-1). With `precision` "bf16" the encoder computes
    in bf16; trained parameters, losses and averages stay in fp32. `new_weights`: see learner.spec.
    """

    at_once = 1

    def __init__(
        self,
        *,
        model_dir: Path,
        task: Task,
        shards: Mapping[int, np.ndarray],
        max_tokens: int,
        cache_dir: Path,
        precision: Precision = "fp32",
        on_fill: Callable[[str, float], None] = lambda split, share: None,
        new_weights: NewWeights = "published",
    ) -> None:
        self._device = own_device()
        self.trainings = 0
        self._on_fill = on_fill
        self._model_dir = model_dir
        self._task = task
        self._shards = shards
        self._max_tokens = max_tokens
        self._new_weights = new_weights
        self._backbone = load_backbone(model_dir, self._device, _DTYPES[precision])
        check_vocabulary(model_dir, self._backbone.architecture)
        limit = self._backbone.architecture.most_tokens
        if max_tokens > limit:
            raise ValueError(f"max_tokens must be at most {limit} for this model, got {max_tokens}")
        content = task.digest + word_reading(task.kind, model_dir)
        parts = (str(LEARNER_EPOCH), model_revision(model_dir), content, str(max_tokens))
        named = "\0".join((*parts, numerics_tag(precision))).encode()
        self._activations_dir = (
            activations_dir(cache_dir) / blake2b(named, digest_size=16).hexdigest()
        )
        self._budget = cache_budget(cache_dir)
        self._examples: dict[str, Examples] = {}

    def make(
        self,
        recipe: Recipe,
        parents: Mapping[StateRef, State],
        on_feedback: FeedbackSink = lambda feedback: None,
    ) -> State:
        """The state of a recipe.

        Raises DivergedError, NoMemoryError, and ValueError if the model cannot have the
        configuration.
        """
        match recipe:
            case Initial():
                return self._initial(recipe.config, recipe.seed)
            case Adapt():
                return grown(parents[recipe.parent], self._initial(recipe.config, recipe.seed))
            case Restrict():
                shapes = self._shapes(recipe.config)
                return restricted(parents[recipe.parent], shapes)
            case Aggregate():
                cut = passes(recipe.updates, self._max_tokens)
                trained = chain.from_iterable(self.train(updates, parents) for updates in cut)
                return server_step(recipe, parents, trained, self._device, on_feedback)

    def train(self, updates: Sequence[Update], bases: Mapping[StateRef, State]) -> list[Trained]:
        """Train the updates of one pass together; returns what the server receives of each client.

        Raises DivergedError, NoMemoryError.
        """
        jobs = [update.job for update in updates]
        states = [
            self._part(trainables(bases[one.base]), one.job.received_config, one.job)
            for one in updates
        ]
        got = [received(state, job) for state, job in zip(states, jobs, strict=True)]
        own = [self._part(state, job.config, job) for state, job in zip(states, jobs, strict=True)]
        starts = [self._part(state, job.config, job) for state, job in zip(got, jobs, strict=True)]
        shards = [self._shard(job) for job in jobs]
        with memory_for(self._work(jobs)):
            trained = train_pass(self._backbone, self._split("train"), jobs, shards, starts, got)
        self.trainings += len(trained)
        return [
            Trained(returned(base, start, client.params, job), client.feedback)
            for job, base, start, client in zip(jobs, own, starts, trained, strict=True)
        ]

    def _part(self, state: State, config: TuningConfig, job: LocalJob) -> State:
        """The part of a job's state that a configuration has; all of it if the job trains all."""
        if job.whole is None:
            return state
        return cropped(state, self._shapes(config))

    def _shapes(self, config: TuningConfig) -> Shapes:
        return parameter_shapes(config, self._backbone.architecture, len(self._task.labels))

    def report_progress(self) -> None:
        """Does nothing: all work is done in this process."""

    def evaluate(self, state: State, config: TuningConfig, split: str) -> Evaluation:
        """Scores on "train", "validation" or "test", in batches that depend only on the split."""
        return self._task.score(split, *self._answers(state, config, split))

    def example_losses(self, state: State, config: TuningConfig, split: str) -> tuple[float, ...]:
        """Each example's loss in nats, in single precision; in tagging the mean over its words."""
        _, losses = self._answers(state, config, split)
        lengths = self._split(split).targets.lengths
        of_example = np.repeat(np.arange(len(lengths)), lengths)
        sums = np.bincount(of_example, weights=losses, minlength=len(lengths))
        return tuple((sums / lengths).astype(np.float32).astype(float).tolist())

    def _answers(
        self, state: State, config: TuningConfig, split: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """(labels of the split,) predicted label ids, and (targets,) losses."""
        examples = self._split(split)
        targets = examples.targets
        params = {
            name: torch.tensor(value[None]).to(self._device)
            for name, value in trainables(state).items()
        }
        predicted = np.full(len(self._task.split(split).labels), self._task.unread_id)
        losses = np.zeros(len(targets.labels), np.float32)
        with torch.inference_mode():
            for texts in examples.tokens.batches(PASS_TOKENS):
                batch = examples.batch(config, [texts])
                scores = logits(self._backbone, params, batch)  # (targets, labels)
                rows = targets.rows(texts)
                predicted[targets.label_rows[rows]] = scores.argmax(1).cpu().numpy()
                each = F.cross_entropy(scores, batch.labels, reduction="none")
                losses[rows] = each.cpu().numpy()
        return predicted, losses

    def _initial(self, config: TuningConfig, seed: int) -> dict[str, np.ndarray]:
        n_labels = len(self._task.labels)
        return initial_parameters(config, self._backbone, n_labels, seed, self._new_weights)

    def _work(self, jobs: Sequence[LocalJob]) -> str:
        """A description of a pass, for the error message if memory runs out."""
        ids = ", ".join(str(job.shard.client_id) for job in jobs)
        return (
            f"clients {ids} trained together, {jobs[0].batch_size} texts per batch of at most "
            f"{self._max_tokens} tokens each, configuration {jobs[0].config}"
        )

    def _shard(self, job: LocalJob) -> np.ndarray:
        shard = self._shards[job.shard.client_id]
        if len(shard) != job.shard.n_samples:
            raise ValueError(
                f"client {job.shard.client_id} has {len(shard)} training examples, but its job "
                f"says {job.shard.n_samples}"
            )
        return shard

    def _split(self, name: str) -> Examples:
        if name not in self._examples:
            tokens, targets = self._read(self._task.split(name))
            activations = Activations(
                directory=self._activations_dir / name,
                backbone=self._backbone,
                tokens=tokens,
                device=self._device,
                budget=self._budget,
                on_fill=partial(self._on_fill, name),
            )
            self._examples[name] = Examples(activations, targets)
        return self._examples[name]

    def _read(self, split: Split) -> tuple[Tokens, Targets]:
        if self._task.kind == "text":
            tokens = tokenize(split.texts, self._model_dir, self._max_tokens)
            return tokens, text_targets(split.labels)
        tokens, found = tokenize_words(split.texts, self._model_dir, self._max_tokens)
        return tokens, word_targets(split.labels, split.n_words, found)
