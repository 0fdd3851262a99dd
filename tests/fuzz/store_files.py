"""Stored scores, losses, feedback and states with another structure.

A stored file may be believed only if its content is that which was stored; otherwise it counts as
missing and is computed again.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from learner.spec import Evaluation, Feedback, StateRef
from learner.store.inventory import discard_damaged
from learner.store.store import Store, _check

from .kind import Kind, WronglyAcceptedError
from .tree import changed, pick, values_by_key

_STATE, _TAG = StateRef("0123456789abcdef0123456789abcdef"), "torch fp32"


def store_kinds(place: Path) -> list[Kind]:
    own = _Files(place / "stored")
    return [
        Kind(name="store: scores, losses, feedback", share=0.1, attempt=own.json_file),
        Kind(name="store: states", share=0.1, attempt=own.state),
    ]


class _Files:
    """A cache with one file of each kind; one of them is changed for an attempt."""

    def __init__(self, cache: Path) -> None:
        self.cache, self.store = cache, Store(cache / "store")
        score = Evaluation(accuracy=0.5, macro_f1=0.4, loss=1.25, n_examples=4, correct="c0")
        told = [Feedback(mean_loss=0.5, rms_loss=0.75)]
        tensors = {"param.head.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
        self.store.add_evaluation(_STATE, "test", _TAG, score)
        self.store.add_losses(_STATE, "test", _TAG, [0.5, 0.25, 1e-3, 7.0])
        self.store.add_feedback(_STATE, _TAG, told)
        self.store.add_state(_STATE, _TAG, tensors, '{"kind": "initial"}')
        self.kept = {p: p.read_bytes() for p in sorted(cache.rglob("*")) if p.is_file()}
        self.expected = self._read()
        texts = [json.loads(own) for path, own in self.kept.items() if path.suffix == ".json"]
        self.known = values_by_key(texts)

    def json_file(self, rng: np.random.Generator) -> str:
        path = pick(rng, [path for path in self.kept if path.suffix == ".json"])
        tree = changed(json.loads(self.kept[path]), rng, self.known)
        key = (
            path.parts[-3].removesuffix("s") if path.parts[-3] == "evaluations" else path.parts[-3]
        )
        is_forged = key in tree and rng.random() < 0.4
        if is_forged:  # by somebody who knows how the check is made
            tree["check"] = _check(tree[key])
        return self._attempt(path, json.dumps(tree).encode(), rng, is_forged)

    def state(self, rng: np.random.Generator) -> str:
        """Another header of the safetensors file, another length of it, or other bytes."""
        (path,) = (path for path in self.kept if path.suffix == ".safetensors")
        content = self.kept[path]
        (length,) = struct.unpack("<Q", content[:8])
        header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
        if (way := rng.random()) < 0.6:
            header = changed(
                header, rng, {"dtype": ["F64", "BF16", "I8", "X"], "shape": [[6], [2]]}
            )
        elif way < 0.7:
            data = data[: int(rng.integers(len(data)))] + rng.bytes(int(rng.integers(9)))
        elif way < 0.8:
            at = int(rng.integers(len(data)))
            data = data[:at] + rng.bytes(1) + data[at + 1 :]
        text = json.dumps(header).encode()
        wrong = (0, 1, len(text) + 1, 2**31, 2**63, 2**64 - 1)
        said = len(text) if rng.random() < 0.85 else pick(rng, wrong)
        return self._attempt(path, struct.pack("<Q", said) + text + data, rng)

    def _attempt(
        self, path: Path, content: bytes, rng: np.random.Generator, is_forged: bool = False
    ) -> str:
        path.write_bytes(content)
        try:
            if rng.random() < 0.2:
                [*discard_damaged(self.cache)]
            found = self._read()
        finally:
            path.write_bytes(self.kept[path])
        different = [key for key, value in found.items() if value not in (None, self.expected[key])]
        if different and not is_forged:
            raise WronglyAcceptedError(f"another {different[0]} is believed: {content!r:.300}")
        if None in found.values():
            raise ValueError("counts as missing")
        return ""

    def _read(self) -> dict[str, Any]:
        tensors = self.store.state(_STATE, _TAG)
        return {
            "evaluation": self.store.evaluation(_STATE, "test", _TAG),
            "losses": self.store.losses(_STATE, "test", _TAG),
            "feedback": self.store.feedback(_STATE, _TAG),
            "state": tensors and {name: one.tolist() for name, one in tensors.items()},
        }
