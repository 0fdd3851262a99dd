"""Benchmark of the smallest training: the head alone, over a small and a large frozen base."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from learner.aggregation_rule import FedAvg
from learner.graph.recipes import Initial, RecipeGraph
from learner.spec import Adapter, LocalJob, Shard, StateRef, Update
from learner.tasks import Split, Task

from .timing import by_turns, in_a_process

WITH_66M = "head-only-66m"
"""The part of `frozen_base` whose base has 66 M parameters."""


def head_only() -> dict[str, Any]:
    """One step of the head alone: 60 cached features x 10 classes (610 parameters)."""
    return head_alone(vocab=100)


def frozen_base() -> dict[str, Any]:
    """The same head over a frozen base of 66 M parameters, in two processes of their own."""
    small, large = in_a_process("head-only"), in_a_process(WITH_66M)
    extra_mb = large["peak_rss_mb"] - small["peak_rss_mb"]
    extra_ms = large["ms_per_client_round"] - small["ms_per_client_round"]
    return {"extra_ms": round(extra_ms, 3), "extra_mb": extra_mb, "base_mb": 264}


def head_alone(vocab: int) -> dict[str, Any]:
    """A round of 100 clients, one step each, over a word table of so many rows."""
    from learner.training.torch_learner import TorchLearner

    n_clients, n_texts = 100, 40
    draws = np.random.default_rng(0)
    texts = tuple(f"w{i % 90}" for i in range(n_clients * n_texts))
    labels = draws.integers(0, 10, len(texts))
    split = Split(texts=texts, labels=labels)
    names = tuple(map(str, range(10)))
    task = Task(name="t", labels=names, train=split, validation=split, test=split, digest="t")
    shards = {i: np.arange(i * n_texts, (i + 1) * n_texts) for i in range(n_clients)}
    config, base = Adapter(depth=0, width=8), StateRef("base")
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        _write_model(directory, vocab)
        learner = TorchLearner(
            model_dir=directory,
            task=task,
            shards=shards,
            max_tokens=8,
            cache_dir=directory,
        )
        state = learner.make(Initial(config=config, seed=1), {})

        def one_round() -> None:
            graph = RecipeGraph("bench")
            updates = []
            for i in range(n_clients):
                shard = Shard(client_id=i, n_samples=n_texts, digest=str(i))
                job = LocalJob(
                    shard=shard,
                    config=config,
                    n_batches=1,
                    batch_size=10,
                    optimizer="sgd",
                    lr=0.1,
                    head_lr=0.1,
                    seed=i,
                )
                updates.append(Update(job=job, base=base, weight=1.0))
            graph.initial(config, 1)
            recipe = graph.recipe(graph.aggregate(base, updates, FedAvg()))
            learner.make(recipe, {base: state})

        one_round()
        seconds = by_turns({"ours": one_round}, repeats=30)["ours"]
    return {"ms_per_client_round": round(1e3 * seconds / n_clients, 4)}


def _write_model(directory: Path, vocab: int) -> None:
    """A random BERT of one layer of 60 neurons, with a word table of so many rows."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertModel

    words = {word: i for i, word in enumerate(["[UNK]", *(f"w{i}" for i in range(90))])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(directory / "tokenizer.json"))
    config = BertConfig(
        vocab_size=vocab,
        hidden_size=60,
        num_hidden_layers=1,
        num_attention_heads=4,
        intermediate_size=60,
        max_position_embeddings=8,
    )
    torch.manual_seed(0)
    config.save_pretrained(directory)
    weights = BertModel(config, add_pooling_layer=False).state_dict()
    save_file(weights, directory / "model.safetensors")
