"""A real, tiny model and task on disk, for runs that train for real in a second."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

# Machines are shared, so time is no law here. `make test` tries the same examples every time;
# `make test-slow` styles for new ones (--hypothesis-profile=explore).
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeat")

WORDS = [f"w{i}" for i in range(30)]
N_LABELS = 3


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a random two-layer BERT and its word-level tokenizer."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel

    path = tmp_path_factory.mktemp("model")
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


@pytest.fixture(scope="session")
def tiny_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of train.tsv (150 texts) and test.tsv (60); most words belong to the label."""
    path = tmp_path_factory.mktemp("task")
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


@pytest.fixture
def chromium() -> Iterator[Any]:
    """A headless Chromium of the machine's own; skips the test where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium on the PATH")
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
