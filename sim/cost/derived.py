"""What the analytic cost model derives for devices that others measured, beside their figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from learner.encoder.architecture import BERT_BASE, ROBERTA_LARGE, Architecture
from learner.spec import Full, Lora, TuningConfig
from traces.measured import Measurement, measured_names, measurements_of
from traces.profiles import device_profile

from .analytic import calibration, tx2_seconds


def _decoder(n_layers: int, n_heads: int, hidden: int, ffn: int, vocab: int) -> Architecture:
    """The sizes of a decoder as the formula sees it: as if it were an encoder."""
    return Architecture(
        n_layers=n_layers,
        n_heads=n_heads,
        hidden=hidden,
        ffn=ffn,
        vocab=vocab,
        positions=32_768,
        token_types=0,
    )


_ENCODERS: dict[str, Architecture] = {
    "bert-base": BERT_BASE,
    "distilbert-base": replace(BERT_BASE, n_layers=6),
    "albert-base": BERT_BASE,  # its layers share weights, which saves memory and no operation
    "roberta-large": ROBERTA_LARGE,
}

_DECODERS: dict[str, Architecture] = {
    "gemma-3-270m": _decoder(18, 4, 640, 2048, 262_144),
    "gemma-3-1b": _decoder(26, 4, 1152, 6912, 262_144),
    "qwen3-1.7b": _decoder(28, 16, 2048, 6144, 151_936),
    "qwen3-4b": _decoder(36, 32, 2560, 9728, 151_936),
}

_KNOWN_BOARDS = {"jetson-nano-4gb": "jetson-nano"}
"""Devices that are embedded under another name, with seconds of their own to scale from."""

_NO_TOKENS, _NO_RANK = 64, 8
"""Where the source does not state them; the ratio of two models hardly depends on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A measured step, and the seconds derived for it. scaled_from: what the one factor is from."""

    measurement: Measurement
    seconds: float
    scaled_from: str

    @property
    def error(self) -> float:
        """Derived over measured, minus 1."""
        assert self.measurement.seconds is not None
        return self.seconds / self.measurement.seconds - 1.0


def derived_figures() -> Iterator[Derived]:
    """Every published step that can be derived from another figure of the same device.

    One factor scales the formula to a device: of the published seconds of its board, else of the
    first model that was measured on it. Left out are devices with one model alone, figures without
    a unit, and weights of 4 bits, which the formula does not know.
    """
    for device in measured_names():
        steps = [one for one in measurements_of(device) if _is_known(one)]
        if device in _KNOWN_BOARDS:
            board = _KNOWN_BOARDS[device]
            factor = device_profile(board).factor
            yield from (_derived(one, factor, f"{board}, bert-base") for one in steps)
        elif steps:
            first = steps[0]
            assert first.seconds is not None
            factor = first.seconds / _formula_s(first)
            rest = (one for one in steps if one.model != first.model)
            yield from (_derived(one, factor, f"{device}, {first.model}") for one in rest)


def _derived(measurement: Measurement, factor: float, scaled_from: str) -> Derived:
    seconds = factor * _formula_s(measurement)
    return Derived(measurement=measurement, seconds=seconds, scaled_from=scaled_from)


def _is_known(one: Measurement) -> bool:
    """Whether the formula applies to a step that has seconds."""
    name, _, bits = one.model.partition(" ")
    return one.seconds is not None and name in _ENCODERS | _DECODERS and not bits.startswith("Q4")


def _formula_s(one: Measurement) -> float:
    """Seconds of the step on a Jetson TX2 by the formula."""
    name = one.model.partition(" ")[0]
    sizes = (_ENCODERS | _DECODERS)[name]
    config: TuningConfig = Full()
    if one.tuning.startswith("LoRA"):
        config = Lora(depth=sizes.n_layers, rank=_NO_RANK)
    tokens, batch_size = one.tokens or _NO_TOKENS, one.batch_size or 1
    layers_s = tx2_seconds(sizes, config, tokens=tokens, batch_size=batch_size, cache="none")
    return layers_s + (_output_s(sizes, tokens * batch_size) if name in _DECODERS else 0.0)


def _output_s(sizes: Architecture, n_tokens: int) -> float:
    """Seconds on a Jetson TX2 of a decoder's frozen output layer, forward and backward.

    An encoder's classifier takes next to none, so that the formula does not have it.
    """
    n_operations = 2.0 * sizes.hidden * sizes.vocab * n_tokens
    return n_operations * (calibration().forward_s + calibration().backward_s)
