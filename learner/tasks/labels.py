"""The labels of a whole data set: missing and hidden ones, spellings, and what may surprise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from .delimited import Warn
from .rows import Row
from .scoring import OUTSIDE
from .spelling import NUMBER, TRUTH, one_spelling, plain_label, some
from .task import TaskKind

Splits = Mapping[str, list[Row]]

_HIDDEN = "-1"
_FEWEST_ROWS = 10
_NO_LABEL = ("nan", "null", "<na>", "n/a", "#n/a", "#na")  # in any case, of Python, SQL and Excel
_NO_LABEL_OF_R = "NA"
_NO_LABEL_AMONG_NUMBERS = "None"

LabelNa = Literal["refuse", "keep"]
"""What to do with a label such as NA: refuse it as a missing one, or keep it as a class."""


def checked(splits: Splits, warn: Warn, label_na: LabelNa = "refuse") -> dict[str, list[Row]]:
    """The rows with one spelling for each label. Raises ValueError for missing and hidden labels,
    and for a split whose labels are not those of training."""
    plain = {label: plain_label(label) for label in _labels(splits.values())}
    if label_na == "refuse":
        _refuse_missing(splits)
    _refuse_hidden(splits, plain, warn)
    _refuse_strange(splits, plain)
    return _with_one_spelling(splits, plain, warn)


def _refuse_missing(splits: Splits) -> None:
    """Refuse what R, Python, SQL and spreadsheets write for a missing value; None if all other
    labels are numbers or truth values, since it is a word too."""
    labels = _labels(splits.values())
    missing = {o for o in labels if o == _NO_LABEL_OF_R or o.lower() in _NO_LABEL}
    numbers = {o for o in labels if NUMBER.fullmatch(o) or o.lower() in TRUTH}
    if numbers and labels - missing - numbers == {_NO_LABEL_AMONG_NUMBERS}:
        missing.add(_NO_LABEL_AMONG_NUMBERS)
    for row in (row for rows in splits.values() for row in rows if row.labels[0] in missing):
        raise ValueError(
            f"{row.where}: the label must not be {row.labels[0]}, which means a missing label; "
            "leave such examples out, or set task.label_na: keep if it is a class"
        )


def _refuse_hidden(splits: Splits, plain: Mapping[str, str], warn: Warn) -> None:
    """Refuse -1 as a label, unless it is a class like its opposite 1; and a label that is the only
    one of a split and does not occur in training."""
    trained = {plain[label] for label in _labels([next(iter(splits.values()))])}
    held = {name: Counter(plain[row.labels[0]] for row in rows) for name, rows in splits.items()}
    is_class = _is_mirrored(trained) and all(map(_has_its_share, held.values()))
    for name, counts in held.items():
        of_split = "" if name == "all" else f" in the {name} split"
        only = next(iter(counts)) if len(counts) == 1 else None
        is_strange = only is not None and only not in trained and counts[only] > 1
        if (counts[_HIDDEN] and not is_class) or only == _HIDDEN or is_strange:
            label = _HIDDEN if counts[_HIDDEN] else str(only)
            row = next(row for row in splits[name] if plain[row.labels[0]] == label)
            raise ValueError(
                f"{row.where}: the label {row.labels[0]} means a hidden or missing label: "
                f"{counts[label]:,} of {counts.total():,} examples{of_split} have it; use a split "
                "with labels, leave these examples out, or rename the label if it is a class"
            )
    if is_class and "0" in trained:
        warn("the label -1 is read as a class; if it means a missing label, leave it out")


def _is_mirrored(labels: set[str]) -> bool:
    """Whether labels are numbers on both sides of 0, such as -1, 0 and 1."""
    if not all(NUMBER.fullmatch(label) for label in labels) or _HIDDEN not in labels:
        return False
    numbers = [float(label) for label in labels]
    return max(numbers) == -min(numbers)


def _has_its_share(counts: Counter[str]) -> bool:
    """Whether -1 is as good a class as others in a split: with 0, it has a tenth of the rows."""
    if not counts["0"] or counts.total() < _FEWEST_ROWS:
        return True
    return counts[_HIDDEN] * 10 >= counts.total()


def _refuse_strange(splits: Splits, plain: Mapping[str, str]) -> None:
    """Refuse a split of two or more rows that has no label of training."""
    training = next(iter(splits))
    trained = _labels([splits[training]])
    known = {plain[label] for label in trained}
    for name, rows in splits.items():
        held = _labels([rows])
        if len(rows) > 1 and known.isdisjoint(plain[label] for label in held):
            raise ValueError(
                f"{rows[0].where}: no label of the {name} split occurs in training: {some(held)}; "
                f"training has {some(trained)}: use the same names in both"
            )


def _with_one_spelling(
    splits: Splits, plain: Mapping[str, str], warn: Warn
) -> dict[str, list[Row]]:
    """Replace labels by numbers where the same number has two spellings. True and false are
    numbers only if all labels are 0 or 1."""
    is_truth = set(plain.values()) <= {"0", "1"}
    wanted = {
        label: name if is_truth or label.lower() not in TRUTH else label
        for label, name in plain.items()
    }
    names = one_spelling([_labels([rows]) for rows in splits.values()], wanted, "label", warn)
    if not names:
        return dict(splits)
    return {
        name: [replace(row, labels=(names[row.labels[0]],)) for row in rows]
        for name, rows in splits.items()
    }


def surprises(splits: Splits, kind: TaskKind) -> Iterator[str]:
    """What is allowed and may surprise about the labels of the final splits, one line each."""
    trained = _labels([splits["train"]])
    for name in ("validation", "test"):
        new = sorted(_labels([splits[name]]) - trained)
        if new:
            n_rows = sum(not trained.issuperset(row.labels) for row in splits[name])
            yield (
                f"{len(new)} labels of the {name} split do not occur in training and cannot be "
                f"learned: {some(new)} ({n_rows:,} of {len(splits[name]):,} examples)"
            )
        if kind == "tagging" and _labels([splits[name]]) == {OUTSIDE} and trained != {OUTSIDE}:
            yield f"the {name} split has no entity: all its tags are O, which may be hidden tags"
    n_rows = len(splits["train"])
    if len(trained) == 1:
        yield f"training has only one label, {some(trained)}: every answer is correct"
    elif kind == "text" and 2 * len(trained) > n_rows:
        yield (
            f"training has {len(trained):,} labels in {n_rows:,} examples; task.label may be the "
            "wrong column"
        )
    folded = Counter(" ".join(label.lower().split()) for label in _labels(splits.values()))
    alike = [label for label, n in folded.items() if n > 1]
    if alike:
        yield f"labels that differ in case or spaces only are different labels: {some(alike)}"


def _labels(splits: Iterable[list[Row]]) -> set[str]:
    return {label for rows in splits for row in rows for label in row.labels}
