"""Changes the core in thousands of small ways and writes into docs/reliability.md who notices.

    python -m tests.mutants [--group NAME] [--place DIR] [--again | --tell]

With mutmut (`make mutants` installs it), each group of modules is tried against its own tests, one
change at a time, in about an hour of one processor. --place keeps the copies, so that --again tries
only what was not noticed before, with the tests as they are now, and --tell nothing: it writes the
page from what was found. The exit status is 1 if fewer than 95 % of the changes of a group are
noticed, or if one that is not has no reason in tests/mutants/survivors.py.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from tests.faults.page import write_between

from .groups import GROUPS, Group
from .mutant import Mutant
from .survivors import reason_of
from .workplace import mutants, prepare, run, unnoticed

_WANTED = 0.95


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--group", choices=[group.name for group in GROUPS])
    parser.add_argument("--place", type=Path)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--tell", action="store_true")
    parser.add_argument("--page", type=Path, default=Path("docs/reliability.md"))
    given = parser.parse_args()
    found: dict[str, list[Mutant]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for group in GROUPS:
            if given.group not in (None, group.name):
                continue
            place = (given.place or Path(temporary)) / group.name.replace(" ", "-")
            if given.tell and not place.exists():
                continue
            if not given.tell:
                _try(group, place, again=given.again)
            found[group.name] = list(mutants(place))
            print(_row(group.name, found[group.name]), flush=True)
            for one in found[group.name]:
                if not one.is_noticed and not reason_of(one):
                    print(f"  {one.module}: {one.verdict}: {' '.join(one.change)}", flush=True)
    if given.group is None:
        write_between(given.page, "mutants", _text(found))
    everything = [one for own in found.values() for one in own]
    is_explained = all(one.is_noticed or reason_of(one) for one in everything)
    is_enough = all(_share(own) >= _WANTED for own in found.values())
    return 0 if is_enough and is_explained else 1


def _try(group: Group, place: Path, *, again: bool) -> None:
    place.mkdir(parents=True, exist_ok=True)
    prepare(place, group)
    run(place)  # with results from before: only functions that have changed
    if again and (names := unnoticed(place)):
        run(place, names)


def _share(own: Sequence[Mutant]) -> float:
    return sum(one.is_noticed for one in own) / len(own)


def _row(name: str, own: Sequence[Mutant]) -> str:
    counts = Counter(one.verdict for one in own)
    n_known = sum(bool(reason_of(one)) for one in own if not one.is_noticed)
    n_left = sum(not one.is_noticed for one in own)
    return (
        f"| {name} | {len(own)} | {counts['killed']} | {counts['timeout']} | {n_left} | {n_known} "
        f"| {_share(own):.1%} |"
    )


def _text(found: dict[str, list[Mutant]]) -> str:
    """The table of groups, then the reasons for what is not noticed."""
    everything = [one for own in found.values() for one in own]
    left_out = [group.name for group in GROUPS if group.name not in found]
    told = f" Not measured to the end: {', '.join(left_out)}." if left_out else ""
    lines = [
        f"Measured {date.today()} by `python -m tests.mutants`.{told}",
        "",
        "| modules | changes | a test fails | too slow | not noticed | explained | noticed |",
        "|---|---|---|---|---|---|---|",
        *(_row(name, own) for name, own in found.items()),
        _row("all", everything),
        "",
        "| not noticed, because | changes |",
        "|---|---|",
    ]
    left = [one for one in everything if not one.is_noticed]
    reasons = Counter(reason_of(one) or "not explained" for one in left)
    lines += [f"| {reason} | {count} |" for reason, count in reasons.most_common()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
