"""The labels of a whole data set: hidden ones, several spellings of one, and what may surprise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .delimited import Warn
from .rows import Row
from .scoring import OUTSIDE
from .task import TaskKind

Splits = Mapping[str, list[Row]]

_NUMBER = re.compile(r"([+-]?)(0|[1-9]\d*)(?:\.(\d*))?")
_TRUTH = {"true": "1", "false": "0"}
_HIDDEN = "-1"
_FEWEST_ROWS = 10
_NAMED = 5


def plain_label(label: str) -> str:
    """The label by which spellings of the same number or truth value are recognised.

    >>> [plain_label(label) for label in ("1.0", "True", "-0", "2.50", "007", "cat")]
    ['1', '1', '0', '2.5', '007', 'cat']
    """
    if label.lower() in _TRUTH:
        return _TRUTH[label.lower()]
    found = _NUMBER.fullmatch(label)
    if found is None:
        return label
    sign, whole, part = found.groups(default="")
    number = f"{whole}.{part}".rstrip("0").rstrip(".") if part else whole
    return f"-{number}" if sign == "-" and number != "0" else number


def checked(splits: Splits, warn: Warn) -> dict[str, list[Row]]:
    """The rows with one spelling for each label. Raises ValueError for hidden labels."""
    plain = {label: plain_label(label) for label in _labels(splits.values())}
    _refuse_hidden(splits, plain, warn)
    return _with_one_spelling(splits, plain, warn)


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
    if not all(_NUMBER.fullmatch(label) for label in labels) or _HIDDEN not in labels:
        return False
    numbers = [float(label) for label in labels]
    return max(numbers) == -min(numbers)


def _has_its_share(counts: Counter[str]) -> bool:
    """Whether -1 is as good a class as others in a split: with 0, it has a tenth of the rows."""
    if not counts["0"] or counts.total() < _FEWEST_ROWS:
        return True
    return counts[_HIDDEN] * 10 >= counts.total()


def _with_one_spelling(
    splits: Splits, plain: Mapping[str, str], warn: Warn
) -> dict[str, list[Row]]:
    """Replace labels by numbers where the same number has two spellings. True and false are
    numbers only if all labels are 0 or 1."""
    is_truth = set(plain.values()) <= {"0", "1"}
    names = {
        label: name if is_truth or label.lower() not in _TRUTH else label
        for label, name in plain.items()
    }
    if len(set(names.values())) == len(names):
        return dict(splits)
    same = ", ".join(
        f"{' = '.join(sorted(spelt))}"
        for spelt in ([a for a in names if names[a] == name] for name in sorted({*names.values()}))
        if len(spelt) > 1
    )
    warn(f"labels of the same value are one label: {same}")
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
                f"learned: {_some(new)} ({n_rows:,} of {len(splits[name]):,} examples)"
            )
        if kind == "tagging" and _labels([splits[name]]) == {OUTSIDE} and trained != {OUTSIDE}:
            yield f"the {name} split has no entity: all its tags are O, which may be hidden tags"
    n_rows = len(splits["train"])
    if len(trained) == 1:
        yield f"training has only one label, {_some(trained)}: every answer is correct"
    elif kind == "text" and 2 * len(trained) > n_rows:
        yield (
            f"training has {len(trained):,} labels in {n_rows:,} examples; task.label may be the "
            "wrong column"
        )
    folded = Counter(" ".join(label.lower().split()) for label in _labels(splits.values()))
    alike = [label for label, n in folded.items() if n > 1]
    if alike:
        yield f"labels that differ in case or spaces only are different labels: {_some(alike)}"


def _labels(splits: Iterable[list[Row]]) -> set[str]:
    return {label for rows in splits for row in rows for label in row.labels}


def _some(labels: Iterable[str]) -> str:
    ordered = sorted(labels)
    more = len(ordered) - _NAMED
    shown = ", ".join(label[:40] for label in ordered[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
