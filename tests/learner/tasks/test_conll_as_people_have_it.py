"""CoNLL files with the faults that people's files have: read right, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from learner.tasks import Task
from tests.learner.tasks.test_data_as_people_have_them import load, refusal

SENTENCES = [f"Ann{i} B-PER\nlives O\nin O\nOslo{i} B-LOC\n. O\n" for i in range(10)]


def conll(directory: Path, train: str, test: str | None = None, suffix: str = "conll") -> Path:
    (directory / f"train.{suffix}").write_text(train, encoding="utf-8")
    usual = "Eve B-PER\nis O\nin O\nBonn B-LOC\n. O\n\nJoe B-PER\nis O\nhere O\n"
    (directory / f"test.{suffix}").write_text(usual if test is None else test, encoding="utf-8")
    return directory


def texts_of(task: Task) -> set[str]:
    return {*task.train.texts, *task.validation.texts}


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path: Path) -> None:
    task = load(conll(tmp_path, "\ufeff" + "\n".join(SENTENCES)), "tagging")
    assert "Ann0 lives in Oslo0 ." in texts_of(task)


def test_a_first_column_that_counts_is_refused_and_columns_can_be_chosen(tmp_path: Path) -> None:
    sentences = [
        "".join(f"{n}\t{line}\n" for n, line in enumerate(s.replace(" ", "\t").split("\n")[:-1]))
        for s in SENTENCES
    ]
    test = "0\tEve\tB-PER\n1\tsat\tO\n\n0\tOslo\tB-LOC\n1\tis\tO\n"
    conll(tmp_path, "\n".join(sentences), test)
    said = refusal(tmp_path, "tagging")
    assert "train.conll:1: the first column counts (0, 1, 2, ...)" in said
    assert said.endswith("name the words' column by number, as in task.text: 1")
    by_number = load(tmp_path, "tagging", columns={"text": 1, "label": 2})
    assert "Ann0 lives in Oslo0 ." in texts_of(by_number)
    assert load(tmp_path, "tagging", columns={"text": 1}).digest == by_number.digest


def test_columns_can_be_named_by_the_first_line(tmp_path: Path) -> None:
    lines = [s.replace("Ann", "NNP Ann").replace("lives O", "VB lives O") for s in SENTENCES]
    lines = [s.replace("in O", "IN in O").replace("Oslo", "NNP Oslo") for s in lines]
    body = "\n".join(s.replace("\n. O", "\n. . O") for s in lines)
    test = "pos word ner\nNNP Eve B-PER\nVB sat O\n\nNNP Bonn B-LOC\nVB is O\n"
    conll(tmp_path, f"pos word ner\n\n{body}", test)
    task = load(tmp_path, "tagging", columns={"text": "word", "label": "ner"})
    assert "Ann0 lives in Oslo0 ." in texts_of(task)
    assert task.test.texts == ("Eve sat", "Bonn is")
    said = refusal(tmp_path, "tagging", columns={"text": "token", "label": "ner"})
    assert "must have the column token, the first line has pos, word, ner" in said


def test_the_words_and_the_tags_are_two_columns(tmp_path: Path) -> None:
    said = refusal(conll(tmp_path, "\n".join(SENTENCES)), "tagging", columns={"text": 1})
    assert "train.conll:1: words and tags must be in two columns, both are in column 1" in said


def test_between_tabs_a_word_keeps_its_spaces(tmp_path: Path) -> None:
    sentences = "\n".join(s.replace(" ", "\t") for s in SENTENCES) + "\nNew York\tB-LOC\nis\tO\n"
    task = load(conll(tmp_path, sentences), "tagging")
    assert "New\u00a0York is" in texts_of(task)
    assert len(task.train.labels) == task.train.n_words.sum()


def test_between_spaces_a_word_with_a_space_is_refused(tmp_path: Path) -> None:
    said = refusal(conll(tmp_path, "\n".join((*SENTENCES, "New York B-LOC\n"))), "tagging")
    assert "train.conll:61: must have 2 columns like line 1, has 3; words with spaces" in said


def test_comments_before_a_sentence_are_skipped_and_hashtags_are_words(tmp_path: Path) -> None:
    sentences = "\n".join(f"# id {i}\n{s}" for i, s in enumerate(SENTENCES))
    task = load(conll(tmp_path, sentences + "\n#tag O\nhere O\n"), "tagging")
    assert {"Ann3 lives in Oslo3 .", "#tag here"} <= texts_of(task)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("I-PER I-PER O I-LOC B-LOC", "B-PER I-PER O B-LOC B-LOC"),  # IOB1
        ("B-PER L-PER O U-LOC U-LOC", "B-PER I-PER O B-LOC B-LOC"),  # BILOU
        ("B-PER I-PER O B-LOC B-LOC", "B-PER I-PER O B-LOC B-LOC"),
        ("B-PER E-PER O S-LOC S-LOC", "B-PER E-PER O S-LOC S-LOC"),  # IOBES is kept
    ],
)
def test_other_schemes_become_iob2(tags: str, expected: str, tmp_path: Path) -> None:
    def sentence(number: int) -> str:
        return "".join(f"w{number}{i} {tag}\n" for i, tag in enumerate(tags.split()))

    task = load(
        conll(tmp_path, "\n".join(map(sentence, range(8))), "\n".join(map(sentence, (8, 9)))),
        "tagging",
    )
    assert [task.labels[i] for i in task.test.labels[:5]] == expected.split()
    assert bool(task.warnings) == (tags != expected)


@pytest.mark.parametrize("suffix", ["conll", "txt"])
def test_a_file_without_tags_and_hidden_tags_are_refused(suffix: str, tmp_path: Path) -> None:
    conll(tmp_path, "\n".join(SENTENCES), "Eve\nsat\n", suffix)
    assert "has one column, so the tags are hidden" in refusal(tmp_path, "tagging")
    conll(tmp_path, "\n".join(SENTENCES), "Eve -1\nsat -1\n", suffix)
    assert "got '-1': such tags are hidden" in refusal(tmp_path, "tagging")


def test_a_test_without_entities_is_told(tmp_path: Path) -> None:
    task = load(conll(tmp_path, "\n".join(SENTENCES), "Eve O\nsat O\n"), "tagging")
    assert any("the test split has no entity" in line for line in task.warnings)


ONE_WORD = "have one word; a table of words needs its sentences: CoNLL with empty lines only"


def word_table(sentences: list[str]) -> str:
    """The words as a table without sentences, as Kaggle's ner_dataset.csv has them."""
    lines = [
        f"{'' if n else f'Sentence: {i}'},{line.replace(' ', ',NN,')}"
        for i, sentence in enumerate(sentences)
        for n, line in enumerate(sentence.splitlines())
    ]
    return "\n".join(["Sentence #,Word,POS,Tag", *lines]) + "\n"


def test_a_table_of_words_is_no_table_of_sentences(tmp_path: Path) -> None:
    path = tmp_path / "ner.csv"
    path.write_text(word_table(SENTENCES))
    columns = {"text": "Word", "label": "Tag"}
    said = refusal(path, "tagging", columns=columns, test=4)
    assert said.startswith(f"{path}:2: 50 of 50 examples {ONE_WORD}")
    path.write_text(word_table(["New B-LOC\nYork I-LOC\nis O\n", "Ann B-PER\nsat O\n"]))
    said = refusal(path, "tagging", columns=columns, test=1)
    assert said.startswith(f"{path}:2: 5 of 5 examples {ONE_WORD}")


@pytest.mark.parametrize("split", ["train", "test"])
def test_line_ends_that_part_every_word_are_refused(split: str, tmp_path: Path) -> None:
    conll(tmp_path, "\n".join(SENTENCES), "\n".join(SENTENCES[:4]))
    path = tmp_path / f"{split}.conll"
    path.write_bytes(path.read_bytes().replace(b"Ann", b"Eve").replace(b"\n", b"\r\r\n"))
    n_words = 50 if split == "train" else 20
    said = refusal(tmp_path, "tagging")
    assert said.startswith(f"{path}:1: {n_words} of {n_words} examples of the {split} split have")


def test_some_sentences_of_one_word_are_sentences(tmp_path: Path) -> None:
    titles = [f"Oslo{i} I-LOC\n" for i in range(20)]
    task = load(conll(tmp_path, "\n".join([*titles, *SENTENCES]), "Bonn I-LOC\n"), "tagging")
    assert len(task.train) + len(task.validation) == 30
    assert task.test.texts == ("Bonn",)
