"""The owners of examples, whom the column `task.client` names: one spelling for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .delimited import Warn
from .rows import Row
from .spelling import one_spelling, plain_number


def with_one_spelling(splits: Mapping[str, list[Row]], warn: Warn) -> dict[str, list[Row]]:
    """The rows; the owners 1 and 1.0 become one. Rows without owners stay as they are."""
    owners = [{row.client for row in rows} for rows in splits.values()]
    plain = {owner: plain_number(owner) for of_split in owners for owner in of_split}
    names = one_spelling(owners, plain, "client", warn)
    if not names:
        return dict(splits)
    return {
        name: [replace(row, client=names[row.client]) for row in rows]
        for name, rows in splits.items()
    }
