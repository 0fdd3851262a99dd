"""What the measured rounds trained, as the columns of a device file, and what is assumed of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Trained = Literal["full", "adapter", "lora"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """None: not stated. `size`: adapter width, or LoRA rank. Raises ValueError for a size of full.

    Activations are taken as computed in every batch, not as stored.
    """

    tuning: Trained | None = None
    depth: int | None = None
    size: int | None = None
    model: str | None = None
    batch_size: int | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        if self.size is not None and not self.has_add_ons:
            raise ValueError(
                f"--size must have --tuning adapter or lora beside it, got {self.size}"
            )

    @property
    def has_add_ons(self) -> bool:
        return self.tuning in ("adapter", "lora")

    def cells(self) -> dict[str, object]:
        """The columns of a device's row; an empty cell for what is not stated."""
        found = {
            "model": self.model,
            "batch_size": self.batch_size,
            "tokens": self.tokens,
            "row": "adapter" if self.has_add_ons else self.tuning,
            "depth": self.depth,
            "tuning": self.tuning if self.has_add_ons else None,
            "size": self.size,
        }
        return {column: "" if value is None else value for column, value in found.items()}

    def stated(self) -> str:
        """What the seconds are of, as far as it is stated; "" for nothing."""
        size = "" if self.size is None else f" of size {self.size}"
        parts = (
            (self.tuning, f"{self.tuning}{size}"),
            (self.depth, f"depth {self.depth}"),
            (self.model, f"model {self.model}"),
            (self.batch_size, f"batches of {self.batch_size}"),
            (self.tokens, f"{self.tokens} tokens a text"),
        )
        return ", ".join(text for value, text in parts if value is not None)

    def assumed(self) -> str:
        """What is assumed instead of what is not stated, with the options; "" for nothing."""
        parts = (
            (self.tuning, "full fine-tuning (--tuning)"),
            (self.depth, "all layers (--depth)"),
            (self.size if self.has_add_ons else 0, "any size of the add-ons (--size)"),
            (self.model, "the scenario's model (--model)"),
            (self.batch_size, "its batch size (--batch-size)"),
            (self.tokens, "its tokens (--tokens)"),
        )
        return ", ".join(text for value, text in parts if value is None)
