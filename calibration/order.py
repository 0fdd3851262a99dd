"""The order and the names of measured clients: client i of a scenario is the i-th of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from traces.load import in_order

from .fit import ClientFit


def by_name(fits: Sequence[ClientFit]) -> dict[str, ClientFit]:
    """The clients by the names of their device classes and files, in the order in which a scenario
    reads these files.

    Raises ValueError if two clients would have one name, also if only the case differs: some disks
    do not tell the two apart.
    """
    found: dict[str, ClientFit] = {}
    clients: dict[str, str] = {}
    for one in fits:
        name = _name(one.client)
        other = clients.setdefault(name.casefold(), one.client)
        if other != one.client:
            raise ValueError(
                f"clients {other!r} and {one.client!r} must have names that differ in letters or "
                f"digits: both would be {name}; rename one in the table"
            )
        found[name] = one
    paths = {Path(f"{name}."): name for name in found}
    return {paths[path]: found[paths[path]] for path in in_order(paths)}


def _name(client: str) -> str:
    return "client-" + "".join(letter if letter.isalnum() else "-" for letter in client)
