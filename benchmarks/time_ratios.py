"""How long a policy takes, over the best fixed arm in hindsight, in several worlds and tasks.

    make worlds
    python -m benchmarks.time_ratios 'by device' runs/trec/worlds runs/20ng/worlds runs/conll/worlds

Targets are 95 and 99 % of the highest accuracy of the fixed arms in that world (mean over seeds).
Times are restricted: where a run does not reach the target, the end of the world's runs counts. The
fixed arm with the least mean time is chosen for each seed on the other seeds. A row for each world
and target, with the number of seeds of both that reach it, then the geometric mean over the worlds.
Below 1, the policy is faster. A ratio is a lower bound where the policy misses a target with some
seed, and an upper bound where the fixed arm does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from analysis import Run, Study, load_study
from analysis.measures import best_accuracy, crossing_s
from analysis.reading.arms import series_of
from analysis.statistics.estimates import Estimate, geometric_mean, speed_up

_SHARES = (0.95, 0.99)


class Times(NamedTuple):
    """Restricted seconds to a target by seed, and the seeds that reached it."""

    seconds: Mapping[int, float]
    reached: frozenset[int]

    def __str__(self) -> str:
        return f"{fmean(self.seconds.values()):.1f} ({len(self.reached)} of {len(self.seconds)})"


def main(policy: str, directories: Sequence[Path]) -> None:
    """Print the table. Raises ValueError for directories and policies that have no row in it."""
    studies = [_study(directory, policy) for directory in directories]
    found = {
        share: [(study, *one) for study in studies for one in _worlds(study, policy, share)]
        for share in _SHARES
    }
    if not found[_SHARES[0]]:
        raise ValueError(f"no world in which {policy} and a fixed arm have finished")
    _row("world", "target", "policy, s", "best fixed, s", "ratio")
    _row(*["---"] * 5)
    for share, worlds in found.items():
        by_world = []
        for study, world, target, own, best in worlds:
            name, ratio = f"{study.path.parent.name}, {world}", speed_up(own.seconds, best.seconds)
            _row(name, f"{share:.0%}: {target:.1%}", str(own), str(best), _text(ratio))
            by_world.append({seed: own.seconds[seed] / best.seconds[seed] for seed in own.seconds})
        mean = geometric_mean(by_world)
        _row(f"geometric mean of {len(by_world)}", f"{share:.0%}", "", "", _text(mean))


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def _study(directory: Path, policy: str) -> Study:
    """The study in a directory; ValueError if it has another number of axes or not this policy."""
    study = load_study(directory)
    if len(study.axes) != 1:
        axes = ", ".join(study.axes) or "none"
        raise ValueError(f"{directory}: must be a study with one axis, its worlds, got {axes}")
    known = dict.fromkeys(series_of(arm, place) for arm, place in study.coordinates.items())
    if policy not in known:
        raise ValueError(f"{directory}: has no policy {policy}; it has {', '.join(known)}")
    return study


def _worlds(study: Study, policy: str, share: float) -> Iterator[tuple[str, float, Times, Times]]:
    """Each value of the study's axis whose runs of the policy have finished: target, times of the
    policy, and of the best of the fixed arms that have finished."""
    (axis,) = study.axes
    for world in dict.fromkeys(str(own[axis]) for own in study.coordinates.values()):
        arms = [arm for arm, own in study.coordinates.items() if own[axis] == world]
        runs = {arm: study.runs_of(arm) for arm in arms if arm in study.arms}
        runs = {arm: own for arm, own in runs.items() if all(run.is_finished for run in own)}
        if len({frozenset(run.seed for run in of_arm) for of_arm in runs.values()}) > 1:
            raise ValueError(f"{study.path}: finished arms of {world} must have the same seeds")
        own = runs.pop(f"{policy}, {world}", None)
        highest = [best for fixed in runs.values() if (best := best_accuracy(fixed)) is not None]
        if own is None or not highest:
            continue
        target = share * max(highest)
        end_s = min(run.end_s for fixed in (own, *runs.values()) for run in fixed)
        fixed_times = [_times(fixed, target, end_s) for fixed in runs.values()]
        yield world, target, _times(own, target, end_s), _best_in_hindsight(fixed_times)


def _times(runs: Sequence[Run], target: float, end_s: float) -> Times:
    found = {run.seed: crossing_s(run, target) for run in runs}
    reached = {seed: time_s for seed, time_s in found.items() if time_s is not None}
    return Times({seed: min(reached.get(seed, end_s), end_s) for seed in found}, frozenset(reached))


def _best_in_hindsight(arms: Sequence[Times]) -> Times:
    """For each seed, the time of the arm with the least mean time on the other seeds."""
    seconds, reached = {}, set[int]()
    for seed in arms[0].seconds:
        others = [other for other in arms[0].seconds if other != seed] or [seed]
        best = min(arms, key=lambda arm: fmean(arm.seconds[other] for other in others))
        seconds[seed] = best.seconds[seed]
        reached |= {seed} & best.reached
    return Times(seconds, frozenset(reached))


def _text(ratio: Estimate | None) -> str:
    if ratio is None:
        return "none"
    if ratio.low is None or ratio.high is None:
        return f"{ratio.mean:.2f}"
    return f"{ratio.mean:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.time_ratios",
        usage=argparse.SUPPRESS,  # errors are one line
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("policy", metavar="POLICY")
    parser.add_argument("directories", metavar="DIR", nargs="+", type=Path)
    try:
        main(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        parser.error(str(error))
