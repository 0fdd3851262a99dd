"""Gives random inputs to everything that reads files, and writes docs/reliability.md.

    python -m tests.fuzz [--inputs 500000] [--minutes M] [--seed 0] [--kind NAME] [--number N]

With --minutes it stops after so many, and the page tells how many inputs were tried. Each input is
decided by the seed, its kind and its number, so that one can be tried again alone (--kind,
--number), and its traceback is shown. The exit status is 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from tests.faults.page import write_between

from .kinds import all_kinds
from .tally import Tally, attempt, random_numbers, table, watch_for_hanging

_SHOWN = 20  # defects of a kind
_BLOCKS = 200  # of inputs; after each, the time is looked at


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--inputs", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--kind", default="")
    parser.add_argument("--number", type=int)
    parser.add_argument("--page", type=Path, default=Path("docs/reliability.md"))
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (24 << 30, 24 << 30))
    watch_for_hanging()
    here = Path.cwd()
    begun_s, tallies = time.process_time(), dict[str, Tally]()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        kinds = [kind for kind in all_kinds(Path(place)) if kind.name.startswith(given.kind)]
        if given.number is not None:
            for kind in kinds:
                rng = random_numbers(kind, given.seed, given.number)
                print(f"{kind.name}: {kind.attempt(rng) or 'accepted'}")
            return 0
        tallies = {kind.name: Tally(kind.name) for kind in kinds}
        until_s = time.monotonic() + 60 * given.minutes
        for block in range(_BLOCKS):
            if time.monotonic() > until_s:
                break
            for kind in kinds:
                own = round(given.inputs * kind.share)
                for number in range(own * block // _BLOCKS, own * (block + 1) // _BLOCKS):
                    attempt(kind, given.seed, number, tallies[kind.name])
            print(f"{block + 1} of {_BLOCKS} blocks", flush=True)
    for tally in tallies.values():
        print(f"{tally.kind}: {dict(tally.counts)}", *tally.defects[:_SHOWN], sep="\n", flush=True)
    os.chdir(here)
    minutes = (time.process_time() - begun_s) / 60
    n_inputs = sum(one.counts.total() for one in tallies.values())
    n_wrong = sum(one.counts["wrong"] for one in tallies.values())
    head = (
        f"Measured {date.today()} by `python -m tests.fuzz --inputs {given.inputs} --seed "
        f"{given.seed}`: {n_inputs:,} inputs in {minutes:.0f} minutes of one processor, {n_wrong} "
        "of them with a wrong end.\n\n"
    )
    if not given.kind:
        write_between(given.page, "fuzz", head + table([*tallies.values()]))
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
