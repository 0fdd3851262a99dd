"""Writes what the faults did into docs/reliability.md.

    python -m tests.faults [--moments 200] [--seed 0] [--page docs/reliability.md]

--moments: the number of signals. The exit status is 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from .campaign import campaign
from .outcome import Outcome, table
from .page import write_between
from .world import World


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", type=Path, default=Path("docs/reliability.md"))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    begun_s, outcomes = time.monotonic(), list[Outcome]()
    with tempfile.TemporaryDirectory() as place:
        for one in campaign(World(Path(place) / "world"), given.moments, given.seed):
            outcomes.append(one)
            print(f"{one.target}: {one.fault}: {one.verdict} {one.told}".rstrip(), flush=True)
    minutes = (time.monotonic() - begun_s) / 60
    n_wrong = sum(one.verdict == "wrong" for one in outcomes)
    head = (
        f"Measured {date.today()} by `python -m tests.faults --moments {given.moments} --seed "
        f"{given.seed}`: {len(outcomes)} attempts in {minutes:.0f} minutes, {n_wrong} of them "
        "with a wrong end.\n\n"
    )
    write_between(given.page, "faults", head + table(outcomes))
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
