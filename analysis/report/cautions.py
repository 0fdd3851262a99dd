"""What a reader must know before believing the numbers, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from analysis.reading.load import Run, Study
from analysis.tables.targets import MAJORITY

_EXTRAPOLATED = (
    "Device latencies are the published table's, read at the share of the layers and scaled by "
    "FLOPs: an extrapolation to this model, not a measurement."
)


def cautions(study: Study, rows: Sequence[dict[str, Any]]) -> list[str]:
    """The study's own warnings, then what follows from its scenarios and its table."""
    return [*study.warnings, *_of_learning(study), *_of_table(rows), *_of_world(study)]


def _of_learning(study: Study) -> Iterator[str]:
    if any(run.learner == "curve" for run in study.runs):
        yield "Accuracy comes from a given learning curve: nothing was trained."
    if all(len(study.runs_of(arm)) == 1 for arm in study.arms):
        yield (
            "Single seed: cohorts, device luck and initial weights were drawn once, so small "
            "differences between arms are no finding."
        )
    peeking = [run.arm for run in study.runs if _scenario(run, "evaluation", "decide_on") == "test"]
    if peeking:
        yield f"Decisions read the test set ({', '.join(dict.fromkeys(peeking))})."


def _of_table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    missed: dict[str, list[str]] = {}
    for row in rows:
        if row["hours"] is None and row["arm"] != MAJORITY:
            missed.setdefault(row["arm"], []).append(row["target"])
    for arm, targets in missed.items():
        yield f"{arm} does not reach {'; '.join(targets)}."


def _of_world(study: Study) -> Iterator[str]:
    synthetic = sorted({name for run in study.runs for name in _synthetic_traces(run)})
    if synthetic:
        yield (
            f"Bandwidth is synthetic ({', '.join(synthetic)}): drawn from aggregate figures of "
            "recordings, not replayed."
        )
    if any(_scenario(run, "cost", "scale") == "flops" for run in study.runs):
        yield _EXTRAPOLATED


def _synthetic_traces(run: Run) -> Iterator[str]:
    network = run.manifest.get("network") or {}
    for direction in ("downlinks", "uplinks"):
        for source in network.get(direction, ()):
            if source["format"] == "synthetic":
                yield source["name"]


def _scenario(run: Run, section: str, key: str) -> Any:
    return (run.manifest["scenario"].get(section) or {}).get(key)
