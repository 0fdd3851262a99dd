"""Running out of memory, told with what was being computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from learner.graph.trainer import NoMemoryError

_CPU_ALLOCATOR = "DefaultCPUAllocator"
"""torch raises a plain RuntimeError where the processor's memory is exhausted; its text says so."""


@contextmanager
def memory_for(work: str) -> Iterator[None]:
    """Raises NoMemoryError, naming the work, where memory runs out inside the block."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise NoMemoryError(f"out of memory: {work}") from None
    except RuntimeError as error:
        if _CPU_ALLOCATOR not in str(error):
            raise
        raise NoMemoryError(f"out of memory: {work}") from None
