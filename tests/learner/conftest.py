"""Fixtures: a random two-layer BERT with a tiny vocabulary, a task, clients, jobs, rounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from learner.aggregation_rule import FedAvg
from learner.graph.recipes import Aggregate
from learner.spec import LocalJob, Shard, StateRef, TuningConfig, Update
from learner.tasks import Split, Task
from learner.training.torch_learner import TorchLearner
from tests.tiny import N_LABELS, WORDS

MAX_TOKENS = 8
BASE = StateRef("base")


@pytest.fixture(scope="session")
def model_dir(tiny_model: Path) -> Path:
    """Directory of the random encoder and its tokenizer."""
    return tiny_model


@pytest.fixture(scope="session")
def task() -> Task:
    return Task(
        name="keywords",
        labels=tuple("abc"),
        train=_split(60, seed=1),
        validation=_split(20, seed=2),
        test=_split(21, seed=3),
        digest="keywords-1",
    )


def _split(n_texts: int, seed: int) -> Split:
    """Sentences of 1 to 9 words (some beyond MAX_TOKENS); the first word's number is the label."""
    generator = np.random.default_rng(seed)
    numbers = [generator.integers(0, len(WORDS), generator.integers(1, 10)) for _ in range(n_texts)]
    texts = tuple(" ".join(WORDS[i] for i in line) for line in numbers)
    labels = np.array([line[0] % N_LABELS for line in numbers], dtype=np.int64)
    return Split(texts=texts, labels=labels)


@pytest.fixture(scope="session")
def shards() -> Mapping[int, np.ndarray]:
    """Five clients of 12, 3, 20, 9 and 7 texts."""
    order = np.random.default_rng(4).permutation(60)[:51]
    return dict(enumerate(np.split(order, np.cumsum([12, 3, 20, 9]))))


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("activations")


_COMMON = {"vocab_size": 40, "initializer_range": 0.2}
_SIZES = {
    **_COMMON,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 20,
}
FAMILY_CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertConfig", _SIZES),
    "minilm": ("BertConfig", _SIZES | {"hidden_size": 24, "intermediate_size": 96}),
    "distilbert": (
        "DistilBertConfig",
        _COMMON
        | {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48, "max_position_embeddings": 20},
    ),
    "roberta": ("RobertaConfig", _SIZES | {"type_vocab_size": 1}),
    "xlm-roberta": ("XLMRobertaConfig", _SIZES | {"type_vocab_size": 1, "layer_norm_eps": 1e-5}),
    "mpnet": ("MPNetConfig", _SIZES),
}


@pytest.fixture(scope="session", params=FAMILY_CONFIGS)
def family_dir(
    request: pytest.FixtureRequest, model_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A random model of each family as `save_pretrained` writes it, pooler and all."""
    import torch
    import transformers

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp(request.param)
    name, sizes = FAMILY_CONFIGS[request.param]
    model = transformers.AutoModel.from_config(getattr(transformers, name)(**sizes))
    with torch.no_grad():  # biases and norms start at 0 and 1, where mistakes would not show
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(path)
    (path / "tokenizer.json").write_bytes((model_dir / "tokenizer.json").read_bytes())
    return path


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """`with full_disk(n):` refuses whatever would make a file larger than n bytes."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def limit(largest_bytes: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit


@pytest.fixture
def trainer(
    model_dir: Path, task: Task, shards: Mapping[int, np.ndarray], cache_dir: Path
) -> TorchLearner:
    return TorchLearner(
        model_dir=model_dir, task=task, shards=shards, max_tokens=MAX_TOKENS, cache_dir=cache_dir
    )


@pytest.fixture(scope="session")
def job(shards: Mapping[int, np.ndarray]) -> Callable[..., LocalJob]:
    """job(client_id, config, ...) with moderate defaults."""

    def make(
        client_id: int,
        config: TuningConfig,
        *,
        n_batches: int = 4,
        optimizer: str = "adamw",
        lr: float = 1e-3,
        head_lr: float = 1e-2,
        **rules: Any,
    ) -> LocalJob:
        shard = Shard(client_id=client_id, n_samples=len(shards[client_id]), digest=f"{client_id}")
        return LocalJob(
            shard=shard,
            config=config,
            n_batches=n_batches,
            batch_size=4,
            optimizer=optimizer,  # type: ignore[arg-type]
            lr=lr,
            head_lr=head_lr,
            seed=100 + client_id,
            **rules,
        )

    return make


@pytest.fixture(scope="session")
def round_of() -> Callable[..., Aggregate]:
    """round_of(jobs) aggregates them over the base state "base", weighted by samples."""

    def make(*jobs: LocalJob, base: StateRef = BASE) -> Aggregate:
        updates = tuple(Update(job=one, base=base, weight=one.shard.n_samples) for one in jobs)
        return Aggregate(rule=FedAvg(), parent=base, updates=updates)

    return make
