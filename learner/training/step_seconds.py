"""Seconds and peak memory of a training step on this machine, by configuration.

The texts are random token ids of equal length: a step's work depends on their number alone. Nothing
is kept of what is trained.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
import torch

from learner.encoder.backbone import Backbone
from learner.encoder.packing import Groups
from learner.encoder.tokens import Tokens
from learner.spec import LocalJob, Shard, TuningConfig
from learner.tuning.parameters import initial_parameters

from .batches import Block, Examples
from .local import train_pass
from .targets import text_targets

CacheUse = Literal["none", "hit"]
"""Whether the activations of the frozen layers are computed in each step, or are stored."""

_SHORT, _LONG = 2, 8
"""Steps of the two jobs whose difference is timed: what a job costs once cancels out."""

_CLEAR_REFS, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A training step: what is tuned, texts a batch, tokens a text, labels of the head."""

    config: TuningConfig
    cache: CacheUse
    batch_size: int
    tokens: int
    n_labels: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """Seconds of a step: the median of the repeats and their quartiles. `peak_bytes`: of resident
    memory while training (None: the system does not tell)."""

    seconds: float
    quartiles_s: tuple[float, float]
    peak_bytes: int | None


@dataclass(frozen=True, slots=True)
class _Activations:
    """Activations of random texts: computed when they are asked for, or once (stored)."""

    backbone: Backbone
    tokens: Tokens
    device: torch.device
    is_stored: bool
    _stored: dict[int, Block] = field(default_factory=dict)

    def block(self, layer: int) -> Block:
        computed = _Computed(self, layer)
        if not self.is_stored:
            return computed
        if layer not in self._stored:
            self._stored[layer] = computed[np.arange(len(self.tokens.ids))]
        return self._stored[layer]


@dataclass(frozen=True, slots=True)
class _Computed:
    """A layer's activations, by a forward pass through all layers up to it."""

    source: _Activations
    layer: int

    @torch.inference_mode()
    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        encoder, tokens, device = self.source.backbone, self.source.tokens, self.source.device
        length = int(tokens.lengths[0])  # of every text
        groups = Groups.of(np.full(len(rows) // length, length), device)
        positions = torch.from_numpy(rows % length)
        ids = torch.from_numpy(tokens.ids[rows]).to(device)
        x = encoder.embed(encoder.frozen, ids, positions.to(device))
        for layer in range(self.layer + 1):
            residual = encoder.attend(encoder.frozen, layer, x, groups)
            fed = encoder.feed_forward(encoder.frozen, layer, residual)
            if layer < self.layer:
                x = encoder.close(encoder.frozen, layer, residual, fed)
        return torch.stack((residual, fed), 1).float().cpu().numpy()


def step_cost(
    backbone: Backbone,
    work: Work,
    *,
    repeats: int,
) -> StepCost:
    """The cost of one training step, warm. Two jobs are trained before any is timed.

    On the CPU, which trains with one thread, seconds are those of the processor, so that other
    processes do not count. Raises ValueError if the model cannot have the configuration.
    """
    clock = _clock(next(iter(backbone.weights.values())).device)
    examples, shard = _examples(backbone, work)
    state = initial_parameters(work.config, backbone, work.n_labels, seed=0)

    def job_s(n_steps: int, seed: int) -> float:
        job = _job(work, len(shard), n_steps, seed)
        before_s = clock()
        train_pass(backbone, examples, [job], [shard], [state], [state])
        return clock() - before_s

    for i in range(2):
        job_s(_SHORT, i)
    _reset_peak()
    steps_s = []
    for i in range(repeats):
        short_s, long_s = job_s(_SHORT, 2 * i), job_s(_LONG, 2 * i + 1)
        steps_s.append((long_s - short_s) / (_LONG - _SHORT))
    low, high = np.quantile(steps_s, [0.25, 0.75]).tolist()
    return StepCost(seconds=median(steps_s), quartiles_s=(low, high), peak_bytes=_peak_bytes())


def _clock(device: torch.device) -> Callable[[], float]:
    """Seconds: of the processor, or of the wall where another device works."""
    if device.type == "cpu":
        return time.process_time

    def after_all_work() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return after_all_work


def _examples(backbone: Backbone, work: Work) -> tuple[Examples, np.ndarray]:
    """Random texts for the longest job, and the indices of all of them."""
    texts = np.arange(work.batch_size * _LONG)
    return Examples(_activations_of(backbone, work), text_targets(texts % work.n_labels)), texts


def _activations_of(backbone: Backbone, work: Work) -> _Activations:
    """The activations of random texts for the longest job."""
    lengths = np.full(work.batch_size * _LONG, work.tokens)
    vocabulary = backbone.architecture.vocab
    draw = np.random.default_rng(0)
    tokens = Tokens(
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        ids=draw.integers(vocabulary // 2, vocabulary, int(lengths.sum())),
    )
    device = next(iter(backbone.weights.values())).device
    return _Activations(backbone, tokens, device, work.cache == "hit")


def _job(work: Work, n_texts: int, n_steps: int, seed: int) -> LocalJob:
    """A job with rates so small that training cannot diverge."""
    return LocalJob(
        shard=Shard(client_id=0, n_samples=n_texts, digest="random"),
        config=work.config,
        n_batches=n_steps,
        batch_size=work.batch_size,
        optimizer="adamw",
        lr=1e-6,
        head_lr=1e-6,
        seed=seed,
    )


def _reset_peak() -> None:
    """Start a new peak of resident memory, where the system can.

    What earlier steps have freed is given back first. Otherwise it would count for this one.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)  # of glibc
    if _CLEAR_REFS.exists():
        try:
            _CLEAR_REFS.write_text("5", encoding="ascii")
        except OSError:
            return


def _peak_bytes() -> int | None:
    """The peak of resident memory since it was reset (Linux)."""
    if not _STATUS.exists():
        return None
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
