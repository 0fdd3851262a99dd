"""Tagging: the tokens that carry labels, the head on tokens, and the scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from learner.encoder.tokens import tokenize_words
from learner.graph.recipes import Aggregate, Initial
from learner.spec import Adapter, Freeze, LocalJob, StateRef, TuningConfig
from learner.tasks import Split, Task
from learner.tasks.scoring import score_tags
from learner.training.targets import word_targets
from learner.training.torch_learner import TorchLearner
from tests.tiny import WORDS

MAX_TOKENS = 8
BASE = StateRef("base")
TAGS = ("B-A", "I-A", "O")


def _split(n_texts: int, seed: int) -> Split:
    """Sentences of 1 to 9 words (some beyond MAX_TOKENS); a word's number gives its tag."""
    generator = np.random.default_rng(seed)
    numbers = [generator.integers(0, len(WORDS), generator.integers(1, 10)) for _ in range(n_texts)]
    texts = tuple(" ".join(WORDS[i] for i in line) for line in numbers)
    return Split(texts=texts, labels=np.concatenate(numbers).astype(np.int64) % len(TAGS))


@pytest.fixture(scope="module")
def task() -> Task:
    train, validation, test = (_split(60, seed) for seed in range(3))
    return Task(
        name="tags",
        kind="tagging",
        labels=TAGS,
        train=train,
        validation=validation,
        test=test,
        digest="tags-1",
    )


@pytest.fixture
def tagger(
    model_dir: Path, task: Task, shards: Mapping[int, np.ndarray], tmp_path: Path
) -> TorchLearner:
    return TorchLearner(
        model_dir=model_dir, task=task, shards=shards, max_tokens=MAX_TOKENS, cache_dir=tmp_path
    )


def test_only_a_words_first_piece_is_labelled_and_cut_words_are_left_out(tmp_path: Path) -> None:
    vocabulary = {p: i for i, p in enumerate(("[UNK]", "[CLS]", "[SEP]", "play", "##ing", "a"))}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokens, found = tokenize_words(["a", "playing a ? a a"], tmp_path, 6)
    assert tokens.ids.tolist() == [1, 5, 2, 1, 3, 4, 5, 0, 2]
    assert found == [{0: 1}, {0: 1, 1: 3, 2: 4}]
    targets = word_targets(np.array([9, 5, 6, 7, 8, 8]), np.array([1, 5]), found)
    assert targets.labels.tolist() == [9, 5, 6, 7]
    assert targets.label_rows.tolist() == [0, 1, 2, 3]
    assert targets.token_positions is not None
    assert targets.token_positions.tolist() == [1, 1, 3, 4]


def test_a_sentence_without_any_word_left_is_refused() -> None:
    with pytest.raises(ValueError, match="text 1 has no word that the model's tokenizer can read"):
        word_targets(np.array([0, 0]), np.array([1, 1]), [{0: 1}, {}])


def test_scores_are_by_entity_and_by_whole_sentence() -> None:
    tags = ("B-A", "B-B", "I-A", "I-B", "O")
    truth = np.array([0, 2, 4, 1, 0, 4, 4])  # [A A] O [B] | [A] O | O
    guess = np.array([0, 2, 4, 4, 0, 2, 4])  # [A A] O  O  | [A A] | O
    got = score_tags(tags, guess, truth, np.array([4, 2, 1]), np.array([0.5, 1.5]))
    assert got.accuracy == pytest.approx(2 * 1 / (2 + 3))  # one of 2 guessed, of 3 true
    assert got.macro_f1 == pytest.approx((0.5 + 0.0) / 2)
    assert (got.loss, got.n_examples, got.correct) == (1.0, 3, "20")  # 001: the last sentence


CONFIGS = [Adapter(depth=0, width=8), Adapter(depth=2, width=8), Freeze(depth=1)]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_loss_is_that_of_transformers_own_forward(
    config: TuningConfig, tagger: TorchLearner, model_dir: Path, task: Task
) -> None:
    state = tagger.make(Initial(config=config, seed=3), {})
    silent = {n: np.zeros_like(v) if "adapter" in n else v for n, v in state.items()}
    encoder = BertModel(BertConfig.from_pretrained(model_dir), add_pooling_layer=False).eval()
    encoder.load_state_dict(load_file(model_dir / "model.safetensors"))
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    losses, offset = [], 0
    for text in task.test.texts:
        ids = torch.tensor([tokenizer.encode(text).ids])
        with torch.no_grad():
            hidden = encoder(input_ids=ids).last_hidden_state[0, 1:-1]
        scores = hidden @ torch.tensor(silent["param.head.weight"]).T
        labels = torch.tensor(task.test.labels[offset : offset + len(hidden)])
        losses += torch.nn.functional.cross_entropy(scores, labels, reduction="none").tolist()
        offset += text.count(" ") + 1
    got = tagger.evaluate(silent, config, "test")
    assert got.loss == pytest.approx(np.mean(losses), abs=1e-5)
    assert got.n_examples == 60


def test_clients_side_by_side_tag_as_they_do_alone(
    tagger: TorchLearner, job: Callable[..., LocalJob], round_of: Callable[..., Aggregate]
) -> None:
    config = Adapter(depth=2, width=8)
    base = tagger.make(Initial(config=config, seed=3), {})
    jobs = [job(client, config, n_batches=n) for client, n in enumerate((3, 1, 5))]
    together = tagger.make(round_of(*jobs), {BASE: base})
    alone = [tagger.make(round_of(one), {BASE: base}) for one in jobs]
    weights = [one.shard.n_samples / sum(j.shard.n_samples for j in jobs) for one in jobs]
    for name, value in together.items():
        mean = sum(w * state[name] for w, state in zip(weights, alone, strict=True))
        assert np.abs(value - mean).max() < 1e-5
        assert np.abs(value - base[name]).max() > 1e-5


def test_tagging_is_learnt(
    tagger: TorchLearner, job: Callable[..., LocalJob], round_of: Callable[..., Aggregate]
) -> None:
    config = Adapter(depth=2, width=8)
    state = tagger.make(Initial(config=config, seed=3), {})
    before = tagger.evaluate(state, config, "test")
    for _ in range(8):
        jobs = [job(client, config, n_batches=15, lr=5e-3, head_lr=2e-2) for client in (0, 2)]
        state = tagger.make(round_of(*jobs), {BASE: state})
    after = tagger.evaluate(state, config, "test")
    assert after.accuracy > before.accuracy + 0.2
    assert after.loss < before.loss - 0.1
