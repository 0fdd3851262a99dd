"""The sentences and tags of a whole data set: refuse lone words, convert tags to IOB2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .delimited import Warn
from .rows import Row
from .scoring import OUTSIDE

_BILOU = {"L": "I", "U": "B"}
_NOT_ALONE = ("I", "L", "E")
_LONE_SHARE = 0.95
_FEWEST_SENTENCES = 20


def refuse_lone_words(splits: Mapping[str, list[Row]]) -> None:
    """Raise ValueError for a split whose examples are words instead of sentences.

    At least 95 % of its examples have one word, and they are 20 or more, or one of the words is
    tagged as the inside or the end of an entity.
    """
    for name, rows in splits.items():
        lone = [row for row in rows if len(row.labels) == 1]
        is_part = len(lone) > 1 and any(row.labels[0].startswith(_NOT_ALONE) for row in lone)
        is_long = len(rows) >= _FEWEST_SENTENCES
        if len(lone) >= _LONE_SHARE * len(rows) and (is_long or is_part):
            of_split = "" if name == "all" else f" of the {name} split"
            raise ValueError(
                f"{lone[0].where}: {len(lone):,} of {len(rows):,} examples{of_split} have one word;"
                " a table of words needs its sentences: CoNLL with empty lines only between "
                "sentences, or lists of words and tags"
            )


def to_iob2(splits: Mapping[str, list[Row]], warn: Warn) -> dict[str, list[Row]]:
    """The rows with tags of IOB2, in which every entity begins with B-; those with E- or S- (IOBES)
    are kept, those of IOB1 and BILOU converted.

    Entities stay the same, as conlleval and seqeval read them. Raises ValueError for a mixture of
    BILOU and IOBES.
    """
    prefixes = {tag[0] for rows in splits.values() for row in rows for tag in row.labels}
    if prefixes & {"E", "S"}:
        if prefixes & {"L", "U"}:
            rows = (row for rows in splits.values() for row in rows)
            where = next(row.where for row in rows if {tag[0] for tag in row.labels} & {"L", "U"})
            raise ValueError(f"{where}: tags must be of one scheme, L- and U- occur with E- or S-")
        return dict(splits)
    converted = {
        name: [replace(row, labels=iob2(row.labels)) for row in rows]
        for name, rows in splits.items()
    }
    pairs = ((a, b) for name in splits for a, b in zip(splits[name], converted[name], strict=True))
    n_changed = sum(x != y for a, b in pairs for x, y in zip(a.labels, b.labels, strict=True))
    if n_changed:
        scheme = "BILOU" if prefixes & {"L", "U"} else "IOB1"
        warn(f"{n_changed:,} tags of {scheme} were converted to IOB2, with the same entities")
    return converted


def iob2(tags: Sequence[str]) -> tuple[str, ...]:
    """One sentence's tags of IOB1, IOB2 or BILOU in IOB2.

    >>> iob2(["I-PER", "B-PER", "O", "U-LOC", "B-ORG", "L-ORG"])
    ('B-PER', 'B-PER', 'O', 'B-LOC', 'B-ORG', 'I-ORG')
    """
    converted: list[str] = []
    last = ""  # the type of the entity that the tag before is in
    for tag in tags:
        prefix, _, kind = tag.partition("-")
        if tag == OUTSIDE:
            last = ""
            converted.append(tag)
            continue
        inside = _BILOU.get(prefix, prefix) == "I" and kind == last
        converted.append(f"{'I' if inside else 'B'}-{kind}")
        last = "" if prefix in ("L", "U") else kind
    return tuple(converted)
