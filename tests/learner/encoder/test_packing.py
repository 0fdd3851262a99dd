from __future__ import annotations

import numpy as np
import pytest
import torch

from learner.encoder.packing import Groups

CPU = torch.device("cpu")


@pytest.mark.parametrize("lengths", [[2, 3, 1], [2, 2, 2], [1]])
def test_groups_pad_unpad_and_average(lengths: list[int]) -> None:
    groups = Groups.of(np.array(lengths), CPU)
    rows = torch.arange(1.0, 1 + 2 * sum(lengths)).view(-1, 2)
    padded = groups.pad(rows)
    assert padded.shape == (len(lengths), max(lengths), 2)
    assert torch.equal(groups.unpad(padded), rows)
    parts = torch.split(rows, lengths)
    for group, part in zip(padded, parts, strict=True):
        assert torch.equal(group[: len(part)], part)
        assert not group[len(part) :].any()
    means = torch.stack([part.mean(0) for part in parts])
    torch.testing.assert_close(groups.means(rows), means)


def test_the_mask_is_true_at_real_rows_and_absent_where_all_are() -> None:
    mask = Groups.of(np.array([2, 3, 1]), CPU).mask()
    assert mask is not None
    assert mask.tolist() == [[True, True, False], [True, True, True], [True, False, False]]
    assert Groups.of(np.array([2, 2]), CPU).mask() is None
