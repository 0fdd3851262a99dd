"""Where a process computes."""

from __future__ import annotations

import torch

from .allocator import keep_freed_memory


def own_device() -> torch.device:
    """CUDA where it is present, else the processor, with one thread of this process: the numbers
    must not depend on how many cores there are."""
    torch.set_num_threads(1)
    keep_freed_memory()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
