"""Caveats of a study: warnings and limits that a reader must know, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from analysis.reading.pricing import scaled_devices, timed_as
from analysis.reading.run import Run
from analysis.reading.study import Study
from analysis.tables.targets import MAJORITY
from analysis.tables.trials import short_trials

_EXTRAPOLATED = (
    "Device latencies are extrapolated to this model from the published table, by the share of "
    "tuned layers and by FLOPs; they are not measured."
)


def caveats(study: Study, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the warnings of the study, then the caveats of its scenarios and its table."""
    return [
        *study.warnings,
        *_about_configurators(study),
        *(f"{line}." for line in short_trials(study)),
        *_about_training(study),
        *_about_targets(rows),
        *_about_devices_and_network(study),
    ]


def _about_configurators(study: Study) -> Iterator[str]:
    """Version 0.1.0 recorded a configurator that was passed to run_scenario by its repr alone."""
    for arm in study.arms:
        for run in study.runs_of(arm)[:1]:
            kind, policy = _scenario(run, "configurator", "kind"), run.manifest.get("policy")
            if kind != "own" and policy and policy.partition("(")[0].lower() != kind:
                yield f"{arm} had the configurator {policy}, not the {kind} of its scenario."


def _about_training(study: Study) -> Iterator[str]:
    if any(run.learner == "curve" for run in study.runs):
        yield "Accuracy comes from a given learning curve: nothing was trained."
    if all(len(study.runs_of(arm)) == 1 for arm in study.arms):
        yield (
            "Single seed: cohorts, disturbances and initial weights were drawn once, so small "
            "differences between arms may be chance."
        )
    on_test = [run.arm for run in study.runs if _scenario(run, "evaluation", "decide_on") == "test"]
    if on_test:
        yield f"Decisions use the test set ({', '.join(dict.fromkeys(on_test))})."


def _about_targets(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    missed: dict[str, list[str]] = {}
    for row in rows:
        if row["hours"] is None and row["arm"] != MAJORITY:
            missed.setdefault(row["arm"], []).append(row["target"])
    for arm, targets in missed.items():
        yield f"{arm} does not reach {'; '.join(targets)}."


def _about_devices_and_network(study: Study) -> Iterator[str]:
    synthetic = sorted({name for run in study.runs for name in _synthetic_traces(run)})
    if synthetic:
        yield (
            f"Bandwidth is synthetic ({', '.join(synthetic)}): drawn from summary statistics of "
            "recordings, not replayed from them."
        )
    for text in timed_as(study.runs):
        yield f"Seconds, bytes and memory are of another model than the accuracy: {text}."
    if scaled := scaled_devices(study.runs):
        yield (
            f"Seconds of {', '.join(scaled)} are scaled from few measured figures by the analytic "
            "cost model, not measured."
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
