from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learner.encoder.tokens import Tokens, tokenize, tokenize_words, word_reading


def test_texts_are_cut_and_laid_end_to_end(model_dir: Path) -> None:
    tokens = tokenize(["w0 w1", "w2 w3 w4 w5 w6", "what"], model_dir, 5)
    assert tokens.ids.tolist() == [2, 4, 5, 3, 2, 6, 7, 8, 3, 2, 1, 3]  # [CLS] ... [SEP]
    assert tokens.lengths.tolist() == [4, 5, 3]
    assert tokens.rows(np.array([2, 0])).tolist() == [9, 10, 11, 0, 1, 2, 3]
    assert tokens.positions(np.array([2, 0])).tolist() == [0, 1, 2, 0, 1, 2, 3]


def test_batches_run_from_short_to_long_within_the_limit() -> None:
    lengths = np.array([4, 2, 9, 4, 2])
    tokens = Tokens(
        ids=np.zeros(21, np.int64), starts=np.cumsum(lengths) - lengths, lengths=lengths
    )
    assert [batch.tolist() for batch in tokens.batches(8)] == [[1, 4, 0], [3], [2]]


def test_a_model_without_a_fast_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"tokenizer\.json: no such file"):
        tokenize(["w0"], tmp_path, 8)


@pytest.mark.parametrize("content", ["{}", "{", ""])
def test_a_damaged_tokenizer_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ValueError, match=r"tokenizer\.json: not a valid fast tokenizer \(\w"):
        tokenize(["w0"], tmp_path, 8)


def write_byte_level(directory: Path) -> Path:
    """A tokenizer as RoBERTa's: "Ġw" is w after a space."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel

    vocabulary = {"[UNK]": 0, "a": 1, "Ġ": 2, "Ġa": 3, "b": 4, "Ġb": 5}
    tokenizer = Tokenizer(BPE(vocabulary, [("Ġ", "a"), ("Ġ", "b")], unk_token="[UNK]"))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory


def test_the_words_of_a_sentence_have_their_leading_spaces(tmp_path: Path) -> None:
    directory = write_byte_level(tmp_path)
    assert tokenize(["a b"], directory, 8).ids.tolist() == [1, 5]  # texts stay as they were
    tokens, found = tokenize_words(["a b", "a\u00a0b a"], directory, 8)
    assert tokens.ids.tolist() == [3, 5, 3, 5, 3]
    assert found == [{0: 0, 1: 1}, {0: 0, 1: 2}]


def test_only_tagging_by_such_a_tokenizer_has_other_names_of_states(
    tmp_path: Path, model_dir: Path
) -> None:
    directory = write_byte_level(tmp_path)
    assert word_reading("tagging", directory) == " leading spaces"
    assert (word_reading("text", directory), word_reading("tagging", model_dir)) == ("", "")
