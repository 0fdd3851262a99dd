"""Out-of-memory errors that say what was being computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from learner.graph.trainer import NoMemoryError

_CPU_ALLOCATOR = "DefaultCPUAllocator"
"""Part of the message of the plain RuntimeError that torch raises when CPU memory runs out."""


@contextmanager
def memory_for(work: str) -> Iterator[None]:
    """Raise NoMemoryError with a description of the work if the block runs out of memory."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise NoMemoryError(f"out of memory: {work}") from None
    except RuntimeError as error:
        if _CPU_ALLOCATOR not in str(error):
            raise
        raise NoMemoryError(f"out of memory: {work}") from None
