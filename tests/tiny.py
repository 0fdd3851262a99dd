"""A tiny model and task on disk, for runs that train for real in a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np

WORDS = [f"w{i}" for i in range(30)]
N_LABELS = 3


def write_tiny_model(path: Path) -> Path:
    """Write a random two-layer BERT and its word-level tokenizer into a directory; returns it."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel

    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(path / "tokenizer.json"))
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
        initializer_range=0.2,  # at the usual 0.02 so small a model hardly mixes its tokens
    )
    torch.manual_seed(0)
    config.save_pretrained(path)
    save_file(BertModel(config, add_pooling_layer=False).state_dict(), path / "model.safetensors")
    return path


def write_tiny_task(path: Path) -> Path:
    """Write train.tsv (150 texts) and test.tsv (60) into a directory; returns it.

    Most words of a text belong to its label.
    """
    generator = np.random.default_rng(1)
    for name, n_texts in (("train", 150), ("test", 60)):
        lines = ["text\tlabel"]
        for _ in range(n_texts):
            label = generator.integers(N_LABELS)
            words = generator.integers(0, len(WORDS), generator.integers(2, 7))
            is_own = generator.random(len(words)) < 0.7
            words = np.where(is_own, words - words % N_LABELS + label, words)
            lines.append(f"{' '.join(WORDS[i] for i in words)}\tlabel{label}")
        (path / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
