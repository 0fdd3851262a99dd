"""Groups of rows of unequal length, stored without padding, and conversion to padded tensors.

A batch has only real tokens: on TREC (13 tokens of 32 on average) padding would triple the work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Groups:
    """The lengths of consecutive groups of rows.

    `slots` is each row's index in the padded tensor of n_groups x longest rows.
    """

    n_groups: int
    longest: int
    lengths: Tensor  # (n_groups,) int64
    slots: Tensor | None  # (rows,) int64; None if all groups have the same length

    @staticmethod
    def of(lengths: np.ndarray, device: torch.device) -> Groups:
        """Groups of the given lengths (each at least 1)."""
        longest = int(lengths.max())
        slots = None
        if (lengths != longest).any():
            filled = np.arange(longest) < lengths[:, None]  # (groups, longest)
            slots = torch.from_numpy(np.flatnonzero(filled)).to(device)
        return Groups(len(lengths), longest, torch.from_numpy(lengths).to(device), slots)

    def pad(self, rows: Tensor) -> Tensor:
        """(rows, n) to (groups, longest, n), padded with zeros."""
        if self.slots is not None:
            empty = rows.new_zeros(self.n_groups * self.longest, rows.shape[1])
            rows = empty.index_copy(0, self.slots, rows)
        return rows.view(self.n_groups, self.longest, rows.shape[1])

    def unpad(self, padded: Tensor) -> Tensor:
        """(groups, longest, n) to (rows, n)."""
        rows = padded.reshape(self.n_groups * self.longest, padded.shape[2])
        return rows if self.slots is None else rows.index_select(0, self.slots)

    def mask(self) -> Tensor | None:
        """(groups, longest), True at real rows; None if nothing is padded."""
        if self.slots is None:
            return None
        places = torch.arange(self.longest, device=self.lengths.device)
        return places < self.lengths[:, None]

    def means(self, rows: Tensor) -> Tensor:
        """Each group's mean, (rows, n) to (groups, n).

        Computed as one product with a dense matrix of 1 / length: a batch has few thousand rows.
        """
        owner = torch.repeat_interleave(self.lengths)  # (rows,)
        weights = rows.new_zeros(self.n_groups, len(rows))
        weights[owner, torch.arange(len(rows), device=owner.device)] = 1.0
        return (weights / self.lengths[:, None]) @ rows
