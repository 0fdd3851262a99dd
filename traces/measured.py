"""Published measurements of training on single devices, as their sources print them.

They are used only for the job that was measured: nobody knows how these devices scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FWDLLM = "FwdLLM, USENIX ATC'24 (arXiv 2308.13894), table 2"
EDGE_FLOWER_TUNE = (
    "EdgeFlowerTune (arXiv 2605.08636), Edge-Intelligence-Lab/EdgeFlowerTune at c5f9bdd, "
    "docs/original/current_system_and_device_profile_20260421.md, section 6"
)
QVAC = "tetherto/qvac-rnd-fabric-llm-finetune at 3fbc574, docs/BENCHMARKS.md"
FLHETBENCH = "FLHetBench, CVPR'24, Carkham/FLHetBench at 633c071, data/training_latency.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measured job. `seconds`: of one training step (None: no unit was stated). `batch_size`,
    `tokens`: of the step (None: not stated). `what`: what else was said about it."""

    device: str
    model: str
    tuning: str
    seconds: float | None
    batch_size: int | None
    tokens: int | None
    source: str
    what: str = ""

    @property
    def job(self) -> str:
        """The model, the tuning and the batch, for a message."""
        tokens = "tokens not stated" if self.tokens is None else f"{self.tokens} tokens"
        batch = "batch not stated" if self.batch_size is None else f"batch {self.batch_size}"
        return f"{self.model}, {self.tuning}, {batch}, {tokens}"


def _pixel() -> list[Measurement]:
    """CPU of a Pixel 7 Pro; of the kind of tuning, the source says no more than training."""
    figures = (
        ("bert-base", 14.0, "CPU"),
        ("distilbert-base", 6.9, "CPU"),
        ("albert-base", 17.5, "CPU"),
        ("roberta-large", 28.1, "CPU, on emulated memory"),
    )
    return [
        Measurement(
            device="pixel-7-pro",
            model=model,
            tuning="full",
            seconds=seconds,
            batch_size=8,
            tokens=None,
            source=FWDLLM,
            what=what,
        )
        for model, seconds, what in figures
    ]


def _edge_flower_tune() -> list[Measurement]:
    boards = {"WikiText": (11.4, 14.1, 11.8), "MMLU": (10.8, 12.3, 10.4)}
    steps = [
        ("jetson-nano-4gb", seconds, f"MAXN, board {board}, {data}")
        for data, figures in boards.items()
        for board, seconds in enumerate(figures, start=1)
    ]
    steps += [("hi-nova-9-pro", seconds, "Snapdragon 778G") for seconds in (167.0, 174.0)]
    return [
        Measurement(
            device=device,
            model="gemma-3-270m",
            tuning="LoRA rank 8",
            seconds=seconds,
            batch_size=8,
            tokens=64,
            source=EDGE_FLOWER_TUNE,
            what=what,
        )
        for device, seconds, what in steps
    ]


_QVAC_MODELS = ("qwen3-1.7b Q8_0", "qwen3-1.7b Q4_0", "gemma-3-1b Q8_0", "gemma-3-1b Q4_0")
_QVAC_SECONDS = {
    "adreno-830": (21.0, 19.0, 71.0, 70.0),
    "mali-g715": (100.0, 570.0, 64.0, 63.0),
    "apple-m3-pro": (7.3, 41.0, 5.3, 5.6),
    "arc-a770": (4.3, 6.8, 2.9, 3.7),
    "rx-7900-xtx": (2.7, 13.0, 2.0, 2.9),
    "rtx-4090": (1.1, 16.0, 0.8, 1.1),
}
_QVAC_4B_SECONDS = {"apple-m3-pro": 16.8, "arc-a770": 9.7, "rx-7900-xtx": 5.4, "rtx-4090": 1.6}


def _qvac() -> list[Measurement]:
    """One text of 128 tokens a step, adapters in attention and feed-forward; the rank is not
    stated."""
    steps = [
        (device, model, seconds)
        for device, figures in _QVAC_SECONDS.items()
        for model, seconds in zip(_QVAC_MODELS, figures, strict=True)
    ]
    steps += [(device, "qwen3-4b Q8_0", seconds) for device, seconds in _QVAC_4B_SECONDS.items()]
    return [
        Measurement(
            device=device,
            model=model,
            tuning="LoRA",
            seconds=seconds,
            batch_size=1,
            tokens=128,
            source=QVAC,
        )
        for device, model, seconds in steps
    ]


_FLHETBENCH = {
    "xiaomi-14-pro": 232,
    "xiaomi-12s-pro": 317,
    "iphone-14": 340,
    "iphone-13": 355,
    "k30-pro": 374,
    "magic5": 468,
    "xiaomi-10": 733,
}


def _flhetbench() -> list[Measurement]:
    return [
        Measurement(
            device=device,
            model="vit",
            tuning="training",
            seconds=None,
            batch_size=None,
            tokens=None,
            source=FLHETBENCH,
            what=f"latency {latency} without unit: a ratio to the others",
        )
        for device, latency in _FLHETBENCH.items()
    ]


MEASUREMENTS: Sequence[Measurement] = (
    *_pixel(),
    *_edge_flower_tune(),
    *sorted(_qvac(), key=lambda one: one.device),
    *_flhetbench(),
)


def measurements_of(device: str) -> list[Measurement]:
    """The measured jobs of a device; none for an unknown one."""
    return [one for one in MEASUREMENTS if one.device == device]


def measured_names() -> tuple[str, ...]:
    """The devices that were measured, in the order of the list."""
    return tuple(dict.fromkeys(one.device for one in MEASUREMENTS))
