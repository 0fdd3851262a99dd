"""The device on which a process trains."""

from __future__ import annotations

import torch

from .allocator import keep_freed_memory


def own_device() -> torch.device:
    """CUDA if available, else the CPU with one thread.

    One thread, because the results must not depend on the number of cores.
    """
    torch.set_num_threads(1)
    keep_freed_memory()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
