"""Times and ratios of two tables of one study with different seeds, pooled.

    python -m benchmarks.pooled_seeds docs/results/policies/by-device-mixed.csv \\
        docs/results/policies/by-device-trec-5-9.csv

For tables whose runs are lost: mean and standard deviation of the logarithms of both are taken
from their 95 % intervals, and those of all seeds computed from them. Student's t; the last digit
may differ from that of one study with all seeds. Rows without intervals in both are left out.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scipy.stats import t

Rows = dict[tuple[str, str], dict[str, str]]


class Logs(NamedTuple):
    """Mean and standard deviation of n logarithms."""

    mean: float
    sd: float
    n: int


def main(one: Path, other: Path) -> None:
    """Print a line for each arm and target: seconds and ratio with their intervals."""
    first, second = _rows(one), _rows(other)
    for key in [key for key in first if key in second]:
        for name, factor in (("hours", 3600.0), ("ratio", 1.0)):
            found = [_logs(rows[key], name) for rows in (first, second)]
            if (a := found[0]) is None or (b := found[1]) is None:
                continue
            values = " ".join(f"{factor * value:.3f}" for value in interval(pooled(a, b)))
            print(f"{key[0]} | {key[1]} | {'seconds' if name == 'hours' else name} | {values}")


def pooled(a: Logs, b: Logs) -> Logs:
    """Mean and standard deviation of both samples together."""
    n = a.n + b.n
    mean = (a.n * a.mean + b.n * b.mean) / n
    squares = ((x.n - 1) * x.sd**2 + x.n * (x.mean - mean) ** 2 for x in (a, b))
    return Logs(mean, math.sqrt(sum(squares) / (n - 1)), n)


def interval(logs: Logs) -> Iterator[float]:
    """The geometric mean and the bounds of its 95 % interval."""
    half = t.ppf(0.975, logs.n - 1) * logs.sd / math.sqrt(logs.n)
    return (math.exp(logs.mean + shift) for shift in (0.0, -half, half))


def _rows(path: Path) -> Rows:
    with path.open(newline="") as file:
        return {(row["arm"], row["target"]): row for row in csv.DictReader(file)}


def _logs(row: dict[str, str], name: str) -> Logs | None:
    """The logarithms behind a column's interval; None if it has none."""
    low, high, n = row[f"{name}_low"], row[f"{name}_high"], int(row["n_seeds"] or 0)
    if not (low and high and row["interval"] == "log-t"):
        return None
    middle = (math.log(float(low)) + math.log(float(high))) / 2
    half = math.log(float(high)) - middle
    return Logs(middle, half * math.sqrt(n) / float(t.ppf(0.975, n - 1)), n)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pooled_seeds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("one", metavar="CSV", type=Path)
    parser.add_argument("other", metavar="CSV", type=Path)
    try:
        main(**vars(parser.parse_args()))
    except (ValueError, OSError, KeyError) as error:
        parser.error(str(error))
