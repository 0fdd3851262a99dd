"""The numerics tag: what decides the last bits of a training besides its recipe."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")

_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy")
"""numpy draws the initial weights and the order of the examples."""

_LEVELS = {
    "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
    "avx2": {"avx2", "fma"},
    "sve": {"sve"},
    "neon": {"asimd"},
}
"""Instruction sets by which matrix libraries choose their kernels, strongest first."""


def numerics_tag() -> str:
    """The tag of this process in one line: library versions, device, number format, processor.

    Numbers with equal tags are equal bit for bit. torch is imported only where the installed
    build could run on a GPU.
    """
    libraries = " ".join(f"{name}-{version(name)}" for name in _LIBRARIES)
    return f"{libraries} {_device()} fp32 {_processor()}"


def _device() -> str:
    if version("torch").endswith("+cpu"):
        return "cpu"
    import torch

    if not torch.cuda.is_available():
        return "cpu"
    return "cuda:" + torch.cuda.get_device_name().replace(" ", "-")


def _processor() -> str:
    """Architecture, vendor and instruction level; without /proc/cpuinfo, the architecture."""
    if not _CPUINFO.exists():
        return f"{platform.system()}-{platform.machine()}"
    return processor_level(_CPUINFO.read_text(encoding="utf-8", errors="replace"))


def processor_level(cpuinfo: str) -> str:
    """Vendor and instruction level of the first processor in the text of /proc/cpuinfo.

    >>> processor_level("vendor_id : GenuineIntel\\nflags : sse2 avx2 fma\\n")
    'GenuineIntel-avx2'
    """
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    vendor = fields.get("vendor_id") or fields.get("CPU implementer") or platform.machine()
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    level = next((name for name, needed in _LEVELS.items() if needed <= flags), "plain")
    return f"{vendor}-{level}"
