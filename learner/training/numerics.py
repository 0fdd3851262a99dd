"""The numerics tag: library versions, device, number format, CPU and environment variables that
choose kernels. All of them affect the last bits."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal

Precision = Literal["fp32", "bf16"]
"""The number format in which the encoder computes. Trained parameters are always in fp32."""

NumericsChoice = Literal["fp32", "bf16", "auto"]

_CPUINFO = Path("/proc/cpuinfo")

_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy")
"""numpy is among them because it draws initial weights and the order of the examples."""

_LEVELS = {
    "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
    "avx2": {"avx2", "fma"},
    "sve": {"sve"},
    "neon": {"asimd"},
}
"""CPU flags by which matrix libraries choose their kernels, strongest level first."""


_CHOOSE_KERNELS = (
    *("ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_CPU_ISA_HINTS"),
    *("DNNL_CPU_ISA_HINTS", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"),
    *("MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE", "OPENBLAS_CORETYPE"),
    *("NPY_DISABLE_CPU_FEATURES", "GLIBC_TUNABLES"),
    *("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "CUBLAS_WORKSPACE_CONFIG"),
)
"""Environment variables by which torch, oneDNN, MKL, OpenBLAS, numpy, the C library and CUDA choose
their kernels."""


_BF16_UNITS = ("amx_bf16", "avx512_bf16")
"""CPU flags of bf16 instructions, fastest first."""


def chosen_precision(choice: NumericsChoice) -> Precision:
    """Resolve "auto": bf16 if the CPU has AMX or the GPU supports bf16, else fp32."""
    if choice != "auto":
        return choice
    if _device() == "cpu":
        return "bf16" if "amx_bf16" in _processor_flags(_cpuinfo()) else "fp32"
    import torch

    return "bf16" if torch.cuda.is_bf16_supported() else "fp32"


def is_emulated(precision: Precision) -> bool:
    """Whether bf16 is computed by a processor without bf16 instructions, far slower than fp32."""
    if precision == "fp32" or _device() != "cpu":
        return False
    return not _processor_flags(_cpuinfo()) & set(_BF16_UNITS)


def numerics_tag(precision: Precision = "fp32") -> str:
    """The tag of this process, one line: library versions, device, number format, CPU.

    Environment variables that choose kernels follow where they are set, in quotes. With equal tags,
    results are equal bit for bit. Imports torch only if the installed build could use a GPU.
    """
    libraries = " ".join(f"{name}-{_version(name)}" for name in _LIBRARIES)
    own = (_device(), _number_format(precision), _processor())
    chosen = (f"{name}={os.environ[name]!a}" for name in _CHOOSE_KERNELS if os.environ.get(name))
    return " ".join((libraries, *own, *chosen))


@cache
def _version(library: str) -> str:
    return metadata.version(library)


def _number_format(precision: Precision) -> str:
    """The format; for bf16 with the CPU's bf16 instructions, which affect rounding."""
    if precision == "fp32":
        return precision
    flags = _processor_flags(_cpuinfo())
    return "-".join(("bf16", *(unit for unit in _BF16_UNITS if unit in flags)))


def _device() -> str:
    if _version("torch").endswith("+cpu"):
        return "cpu"
    import torch

    if not torch.cuda.is_available():
        return "cpu"
    return "cuda:" + torch.cuda.get_device_name().replace(" ", "-")


def _processor() -> str:
    """Vendor and instruction level of the CPU; without /proc/cpuinfo, system and machine."""
    cpuinfo = _cpuinfo()
    return processor_level(cpuinfo) if cpuinfo else f"{platform.system()}-{platform.machine()}"


def _cpuinfo() -> str:
    """The text of /proc/cpuinfo, or an empty text."""
    return _CPUINFO.read_text(encoding="utf-8", errors="replace") if _CPUINFO.exists() else ""


def processor_level(cpuinfo: str) -> str:
    """Vendor and instruction level of the first CPU in the text of /proc/cpuinfo.

    >>> processor_level("vendor_id : GenuineIntel\\nflags : sse2 avx2 fma\\n")
    'GenuineIntel-avx2'
    """
    fields = _first_processor(cpuinfo)
    vendor = fields.get("vendor_id") or fields.get("CPU implementer") or platform.machine()
    flags = _processor_flags(cpuinfo)
    level = next((name for name, needed in _LEVELS.items() if needed <= flags), "plain")
    return f"{vendor}-{level}"


def _processor_flags(cpuinfo: str) -> set[str]:
    fields = _first_processor(cpuinfo)
    return set((fields.get("flags") or fields.get("Features") or "").split())


def _first_processor(cpuinfo: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    return fields
