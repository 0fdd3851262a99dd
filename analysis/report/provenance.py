"""Provenance of a study's runs: command, commit, versions, digests, seeds and traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.reading.run import Run
from analysis.reading.study import Study

_SINGLE = {
    "command": "command",
    "digest": "scenario digest",
    "numerics": "numerics",
    "model_revision": "model content",
    "task_digest": "data content",
    "policy": "configurator",
    "python": "Python",
    "platform": "platform",
    "started_at": "started",
}
_NO_LICENCE = "the user's own file"


def provenance(study: Study) -> list[tuple[str, list[str]]]:
    """Return titles with the distinct values over the runs; titles without values are left out."""
    rows = [("seeds", _distinct([str(run.seed) for run in study.runs]))]
    rows += [
        (title, _distinct([_value(run, key) for run in study.runs]))
        for key, title in _SINGLE.items()
    ]
    rows.append(("commit", _distinct([_commit(run) for run in study.runs])))
    libraries = [
        f"{name} {version}"
        for run in study.runs
        for name, version in (run.manifest.get("versions") or {}).items()
    ]
    rows += [("versions", _distinct(libraries)), ("traces", _distinct(_traces(study)))]
    return [(title, values) for title, values in rows if values]


def _commit(run: Run) -> str:
    """The commit of the project's checkout; "" for an installed version."""
    commit = run.manifest.get("commit")
    return f"{commit}, with changes" if commit and run.manifest.get("dirty") else commit or ""


def _traces(study: Study) -> list[str]:
    traces = []
    for run in study.runs:
        network = run.manifest.get("network") or {}
        availability = run.manifest.get("availability") or {}
        sources = [*network.get("downlinks", ()), *network.get("uplinks", ())]
        traces += [_source(source) for source in (*sources, *availability.get("files", ()))]
    return traces


def _source(source: Mapping[str, Any]) -> str:
    words = [f"{source['name']} ({source['format']})"]
    if "mean_mbit_per_s" in source:
        words.append(f"mean {source['mean_mbit_per_s']:.3g} Mbit/s")
    if source.get("sha256"):
        words.append(f"sha256 {source['sha256'][:12]}")
    licence = source.get("licence", "")
    if licence != "":
        words.append(f"licence: {licence or _NO_LICENCE}")
    return ", ".join(words)


def _value(run: Run, key: str) -> str:
    value = run.manifest.get(key)
    return "" if value is None else str(value)


def _distinct(values: Sequence[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]
