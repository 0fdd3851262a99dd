"""Several spellings of one value, such as 1, 1.0 and true, in a data set's labels or owners."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from .delimited import Warn

NUMBER = re.compile(r"([+-]?)(0|[1-9]\d*)(?:\.(\d*))?")
TRUTH = {"true": "1", "false": "0"}
_NAMED = 5


def plain_number(text: str) -> str:
    """The text by which spellings of the same number are recognised.

    >>> [plain_number(text) for text in ("1.0", "-0", "2.50", "007", "True")]
    ['1', '0', '2.5', '007', 'True']
    """
    found = NUMBER.fullmatch(text)
    if found is None:
        return text
    sign, whole, part = found.groups(default="")
    number = f"{whole}.{part}".rstrip("0").rstrip(".") if part else whole
    return f"-{number}" if sign == "-" and number != "0" else number


def plain_label(label: str) -> str:
    """The label by which spellings of the same number or truth value are recognised.

    >>> [plain_label(label) for label in ("1.0", "True", "-0", "2.50", "007", "cat")]
    ['1', '1', '0', '2.5', '007', 'cat']
    """
    return TRUTH.get(label.lower(), plain_number(label))


def one_spelling(
    splits: Sequence[Collection[str]], names: Mapping[str, str], what: str, warn: Warn
) -> Mapping[str, str]:
    """`names`, which has the plain spelling of each text, if that makes texts of the splits equal;
    else nothing. `what` they are is for the warning.

    Nothing either if numbers are codes: if one split has 1.1 and 1.10, these are two.
    """
    if len(set(names.values())) == len(names):
        return {}
    coded = [text for texts in splits for text in _codes(texts)]
    if coded:
        warn(f"{what}s of equal numbers are different {what}s: {some(set(coded))}")
        return {}
    alike: dict[str, list[str]] = {}
    for text in sorted(names):
        alike.setdefault(names[text], []).append(text)
    same = [" = ".join(texts) for texts in alike.values() if len(texts) > 1]
    warn(f"{what}s of the same value are one {what}: {some(same)}")
    return names


def some(texts: Iterable[str]) -> str:
    """The first few texts in order, and how many more there are."""
    ordered = sorted(texts)
    more = len(ordered) - _NAMED
    shown = ", ".join(text[:40] for text in ordered[:_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def _codes(texts: Collection[str]) -> list[str]:
    """Numbers that are equal and have different decimals, such as 1.1 and 1.10."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for text in texts:
        found = NUMBER.fullmatch(text)
        if found is not None and found[3]:
            alike.setdefault(plain_number(text), []).append((text, found[3]))
    several = [pairs for pairs in alike.values() if len({part for _, part in pairs}) > 1]
    return [text for pairs in several for text, _ in pairs]
