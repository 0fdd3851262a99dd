"""How long a policy takes, over the best fixed arm in hindsight, in several worlds and tasks.

    make worlds
    python -m benchmarks.time_ratios 'by device' runs/trec/worlds runs/20ng/worlds runs/conll/worlds

Targets are 95 and 99 % of the highest accuracy of the fixed arms in that world (mean over seeds).
The best fixed arm is chosen for each seed on the other seeds. A row for each world and target,
with the seeds of both that reach it, then the geometric mean over the worlds that a common seed
reaches, over the seeds that reach all of these. Below 1, the policy is faster.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from analysis import Run, Study, load_study
from analysis.measures import best_accuracy, best_in_hindsight, crossing_s
from analysis.statistics.estimates import Estimate, geometric_mean, speed_up

_SHARES = (0.95, 0.99)


def main(policy: str, directories: list[Path]) -> None:
    _row("world", "target", "policy, s", "best fixed, s", "ratio", "seeds")
    _row(*["---"] * 6)
    for share in _SHARES:
        found = []
        for directory in directories:
            for world, target, own_s, best_s in _worlds(load_study(directory), policy, share):
                _row(
                    f"{directory.parent.name}, {world}",
                    f"{share:.0%}: {target:.1%}",
                    *(_mean(own_s), _mean(best_s), _text(speed_up(own_s, best_s))),
                    f"{len(own_s)}, {len(best_s)}",
                )
                if common := own_s.keys() & best_s.keys():
                    found.append({seed: own_s[seed] / best_s[seed] for seed in common})
        mean = geometric_mean(found)
        n_seeds = str(mean.n) if mean else "0"
        _row(f"geometric mean of {len(found)}", f"{share:.0%}", "", "", _text(mean), n_seeds)


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def _worlds(
    study: Study, policy: str, share: float
) -> Iterator[tuple[str, float, dict[int, float], dict[int, float]]]:
    """Each value of the study's axis with its target, and seconds to it by seed: of the policy, and
    of the best fixed arm."""
    (axis,) = study.axes
    worlds = dict.fromkeys(str(own[axis]) for own in study.coordinates.values())
    for world in worlds:
        arms = [arm for arm, own in study.coordinates.items() if own[axis] == world]
        fixed = [arm for arm in arms if arm in study.arms and not arm.startswith(f"{policy},")]
        highest = [best for arm in fixed if (best := best_accuracy(study.runs_of(arm))) is not None]
        if not highest:
            continue
        target = share * max(highest)
        own = {run.seed: run for run in study.runs_of(f"{policy}, {world}")}
        best = best_in_hindsight(study, fixed, target)
        yield world, target, _seconds(own, target), _seconds(best, target)


def _seconds(runs: Mapping[int, Run | None], target: float) -> dict[int, float]:
    found = {seed: crossing_s(run, target) for seed, run in runs.items() if run is not None}
    return {seed: time_s for seed, time_s in found.items() if time_s is not None}


def _mean(seconds: Mapping[int, float]) -> str:
    return f"{sum(seconds.values()) / len(seconds):.1f}" if seconds else "none"


def _text(ratio: Estimate | None) -> str:
    if ratio is None:
        return "none"
    if ratio.low is None or ratio.high is None:
        return f"{ratio.mean:.2f}"
    return f"{ratio.mean:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"


if __name__ == "__main__":
    main(sys.argv[1], [Path(directory) for directory in sys.argv[2:]])
