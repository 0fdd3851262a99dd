"""Read a model directory's config.json; errors give the file, the key, the value and the rule."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """The keys and values of a config.json. Each method raises ValueError for a bad value."""

    path: Path
    values: Mapping[str, object]

    def count(self, key: str, *, least: int = 1, default: int | None = None) -> int:
        """A whole number of at least `least`; the default if the key is missing."""
        value = self.values.get(key, default)
        if type(value) is not int or value < least:
            raise ValueError(
                f"{self.path}: {key} must be a whole number of at least {least}, got {value!r}"
            )
        return value

    def positive(self, key: str) -> float:
        """A positive finite number."""
        value = self.values.get(key)
        if not isinstance(value, int | float) or not 0 < value < math.inf:
            raise ValueError(f"{self.path}: {key} must be a positive number, got {value!r}")
        return value

    def choice(self, key: str, known: tuple[str, ...], default: str | None = None) -> str:
        """One of the known values; the default if the key is missing."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{self.path}: {key} must be one of {', '.join(known)}, got {value!r}")
        return value


def read_model_config(model_dir: Path) -> ModelConfig:
    """The config.json of a Hugging Face model directory.

    Raises ValueError, with the file's path, if it is not a JSON object.
    """
    path = model_dir / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: must be JSON: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path}: must be a JSON object, got {values!r:.40}")
    return ModelConfig(path=path, values=values)
