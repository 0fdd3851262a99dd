from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from learner.training.numerics import (
    chosen_precision,
    is_emulated,
    numerics_tag,
    processor_level,
)


def test_the_tag_is_the_same_in_every_process_and_loads_no_torch_for_a_cpu_build() -> None:
    """A run that the store answers must not pay for importing torch."""
    code = (
        "import sys; from importlib.metadata import version\n"
        "from learner.training.numerics import numerics_tag; print(numerics_tag())\n"
        "assert not version('torch').endswith('+cpu') or 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == numerics_tag()


@pytest.mark.parametrize("library", ["torch", "transformers", "tokenizers", "numpy"])
def test_the_tag_names_each_library_that_decides_numbers(library: str) -> None:
    assert f"{library}-{version(library)}" in numerics_tag().split()


@pytest.mark.parametrize(
    ("cpuinfo", "level"),
    [
        ("vendor_id : A\nflags : avx2 fma\n\nvendor_id : B\nflags : x", "A-avx2"),
        ("vendor_id : A\nflags : fma avx2 avx512f avx512bw avx512dq avx512vl", "A-avx512"),
        ("vendor_id : A\nflags : avx2 fma avx512f", "A-avx2"),
        ("CPU implementer : 0x41\nFeatures : fp asimd", "0x41-neon"),
        ("vendor_id : A\nflags : sse2", "A-plain"),
    ],
)
def test_the_processor_is_its_vendor_and_strongest_instruction_set(
    cpuinfo: str, level: str
) -> None:
    assert processor_level(cpuinfo) == level


@pytest.mark.parametrize(
    ("flags", "precision", "emulates"),
    [
        ("avx512f avx512_bf16", "fp32", False),
        ("avx512f amx_tile amx_bf16", "bf16", False),
        ("", "fp32", True),
    ],
)
def test_auto_computes_in_bf16_where_the_processor_has_amx(
    flags: str, precision: str, emulates: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not version("torch").endswith("+cpu"):
        pytest.skip("a GPU would decide")
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"vendor_id : A\nflags : {flags}\n")
    monkeypatch.setattr("learner.training.numerics._CPUINFO", cpuinfo)
    assert chosen_precision("auto") == precision
    assert (chosen_precision("fp32"), chosen_precision("bf16")) == ("fp32", "bf16")
    assert (is_emulated("fp32"), is_emulated("bf16")) == (False, emulates)


def test_number_formats_have_tags_of_their_own() -> None:
    assert "fp32" in numerics_tag("fp32").split()
    assert numerics_tag("bf16").split() != numerics_tag("fp32").split()
    assert any(part.startswith("bf16") for part in numerics_tag("bf16").split())


@pytest.mark.parametrize("name", ["ATEN_CPU_CAPABILITY", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA"])
def test_a_variable_that_chooses_kernels_is_in_the_tag(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name, raising=False)
    without = numerics_tag()
    monkeypatch.setenv(name, "AVX2\n")
    assert numerics_tag() == f"{without} {name}='AVX2\\n'"
    monkeypatch.setenv(name, "")
    assert numerics_tag() == without
