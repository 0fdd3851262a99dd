"""Store: evaluations, losses and feedback (JSON, kept), states (safetensors, limited in bytes).

File names are made of the state's name and a hash of the numerics tag. Any number of processes may
read and write at once: files are written atomically and equal names mean equal content. A damaged
or missing file, or one that was copied over another's name, costs only the time to compute its
content again. A file that exists and cannot be read raises OSError.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from learner.spec import Evaluation, Feedback, StateRef
from learner.state import State

from .atomic_file import errors_naming, write_atomically
from .budget import Budget, mark_used
from .content import as_evaluation, as_feedback, as_losses

_T = TypeVar("_T")

_ABOUT = "fedadapter"
"""The only metadata key, for name, recipe, numerics and content hash."""


class Store:
    """A directory of states, evaluations, losses and feedback, for one or more numerics tags.

    `budget` limits the bytes of the states (None: a budget of the default size for this store
    only). The others are small, some hundred bytes each (losses: some thousand), and are never
    removed.
    """

    def __init__(self, root: Path, budget: Budget | None = None) -> None:
        self._root = root
        self._budget = budget or Budget([root / "states"], around=[root])

    def evaluation(self, state: StateRef, split: str, numerics: str) -> Evaluation | None:
        """The stored evaluation; None if there is none or its file is damaged."""
        path = self._path("evaluations", f"{state}-{split}", numerics)
        return read_checked(path, "evaluation", as_evaluation)

    def add_evaluation(
        self, state: StateRef, split: str, numerics: str, evaluation: Evaluation
    ) -> None:
        path = self._path("evaluations", f"{state}-{split}", numerics)
        self._write_checked(path, "evaluation", asdict(evaluation), numerics)

    def losses(self, state: StateRef, split: str, numerics: str) -> tuple[float, ...] | None:
        """The stored losses of a state on every example of a split, or None."""
        path = self._path("losses", f"{state}-{split}", numerics)
        return read_checked(path, "losses", as_losses)

    def add_losses(
        self, state: StateRef, split: str, numerics: str, losses: Sequence[float]
    ) -> None:
        path = self._path("losses", f"{state}-{split}", numerics)
        self._write_checked(path, "losses", list(losses), numerics)

    def feedback(self, name: str, numerics: str) -> list[Feedback] | None:
        """The feedback of one aggregation's clients in the recipe's order, or None.

        `name` is the name of their updates (RecipeGraph.updates_name).
        """
        return read_checked(self._path("feedback", name, numerics), "feedback", as_feedback)

    def add_feedback(self, name: str, numerics: str, told: Sequence[Feedback]) -> None:
        path = self._path("feedback", name, numerics)
        self._write_checked(path, "feedback", [asdict(one) for one in told], numerics)

    def has_state(self, state: StateRef, numerics: str) -> bool:
        """Whether the state's file exists; only `state` checks that it is not damaged."""
        return self._state_path(state, numerics).exists()

    def state(self, state: StateRef, numerics: str) -> dict[str, np.ndarray] | None:
        """The stored tensors, or None. Marks the file as used; removes it if it is damaged."""
        path = self._state_path(state, numerics)
        try:
            tensors = read_tensors(path)
            mark_used(path)
        except FileNotFoundError:
            return None
        if tensors is None:
            path.unlink(missing_ok=True)
        return tensors

    def add_state(self, state: StateRef, numerics: str, tensors: State, recipe: str) -> None:
        """Store the tensors with their recipe (JSON), then make room within the budget."""
        arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
        path = self._state_path(state, numerics)
        about = {
            "name": path.stem,
            "recipe": recipe,
            "numerics": numerics,
            "content": _content(arrays),
        }
        metadata = {_ABOUT: json.dumps(about | {"check": _check(about)})}
        # not save_file: it puts another file in the place of the claimed one (learner.store.claim)
        write_atomically(path, lambda target: target.write_bytes(save(arrays, metadata)))
        self._budget.keep(path)

    def _write_checked(self, path: Path, key: str, content: Any, numerics: str) -> None:
        self._budget.clear_unfinished()
        entry = {key: content, "check": _check(content), "name": path.stem, "numerics": numerics}
        text = json.dumps(entry, allow_nan=False)
        write_atomically(path, lambda target: target.write_text(text, encoding="utf-8"))

    def _path(self, folder: str, name: str, numerics: str, suffix: str = ".json") -> Path:
        return self._root / folder / name[:2] / f"{name}-{_short(numerics)}{suffix}"

    def _state_path(self, state: StateRef, numerics: str) -> Path:
        return self._path("states", state, numerics, ".safetensors")


def read_checked(path: Path, key: str, make: Callable[[Any], _T]) -> _T | None:
    """What `make` makes of the content under `key` of a JSON file of the store, or None.

    A damaged file, the file of another name, and one whose content `make` refuses are removed.
    """
    try:
        entry = json.loads(path.read_bytes())
        if entry["check"] == _check(entry[key]) and _is_of(entry, path):
            return make(entry[key])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    path.unlink(missing_ok=True)
    return None


def read_tensors(path: Path) -> dict[str, np.ndarray] | None:
    """The tensors of a file; None if the file is damaged, or is that of another name.

    Raises OSError if it cannot be read.
    """
    path.open("rb").close()  # safe_open reports every failure to open as a missing file
    try:
        with errors_naming(path), safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no dict)
            about = dict(json.loads(file.metadata()[_ABOUT]))
            check = about.pop("check", None)  # None: written before version 0.2.0
            is_sound = check in (None, _check(about)) and _is_of(about, path)
            is_sound = is_sound and about["content"] == _content(tensors)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return tensors if is_sound else None


def _is_of(entry: Mapping[str, Any], path: Path) -> bool:
    """Whether a file has its own name in it. Files of version 0.1.0 have none."""
    return bool(entry.get("name", path.stem) == path.stem)


def _content(tensors: State) -> str:
    """A hash of the tensors' names, shapes, types and bytes."""
    hasher = blake2b(digest_size=16)
    for name in sorted(tensors):
        hasher.update(f"{name} {tensors[name].shape} {tensors[name].dtype}\0".encode())
        hasher.update(tensors[name].data)
    return hasher.hexdigest()


def _check(content: Any) -> str:
    return blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=8).hexdigest()


def _short(numerics: str) -> str:
    return blake2b(numerics.encode(), digest_size=4).hexdigest()
