"""A device of the user's: its measured seconds as they are, or scaled by the analytic model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from learner.encoder.architecture import (
    BERT_BASE,
    DISTILBERT_BASE,
    MINILM_L6,
    MPNET_BASE,
    ROBERTA_LARGE,
    Architecture,
)
from learner.spec import (
    UNIT_WIDTH,
    Adapter,
    AddOn,
    Freeze,
    Full,
    Lora,
    TuningConfig,
    tuned_depth,
)
from sim.cost.analytic import tx2_seconds
from sim.fleet.client import CacheState
from sim.scenario.scenario import Scenario
from traces.device_csv import Figure, MeasuredDevice
from traces.profiles import DeviceProfile
from traces.published import BERT_BASE as BERT_BASE_TABLE
from traces.published import LatencyTable, Row

from .priced_model import priced_architecture, priced_configs, sizes

MODELS: Mapping[str, Architecture] = {
    "bert-base": BERT_BASE,
    "distilbert": DISTILBERT_BASE,
    "distilbert-base": DISTILBERT_BASE,
    "minilm-l6": MINILM_L6,
    "mpnet-base": MPNET_BASE,
    "roberta-large": ROBERTA_LARGE,
}
"""Models that a measurement can name."""


class _Need(NamedTuple):
    """A row and depth of which the scenario asks seconds, for a configuration."""

    row: Row
    depth: int
    config: TuningConfig


def own_profile(scenario: Scenario, trained: Architecture, device: MeasuredDevice) -> DeviceProfile:
    """As measured, if the file has every figure that the scenario needs; otherwise scaled.

    Raises TraceError, naming file and line, for an unknown model and for a depth that it lacks.
    """
    measured = _model_of(scenario, trained, device)
    batch = (scenario.training.batch_size, scenario.task.max_tokens)
    batch_size, tokens = device.batch_size or batch[0], device.tokens or batch[1]
    figures = {_place(figure, measured): figure for figure in device.figures}
    for (_, depth), figure in figures.items():
        if depth > measured.n_layers:
            rule = f"depth must be at most {measured.n_layers} (the layers of the model)"
            raise device.source.error(f"{rule}, got {depth}", figure.line)
        _require_whole_units(device, figure)
    job = f"{device.model or scenario.model.source}, {batch_size} x {tokens} tokens"
    told = f"{device.source.path}{f' ({device.told})' if device.told else ''}"
    own = DeviceProfile(
        name=device.name,
        factor=1.0,
        compute_w=device.watts.compute_w,
        radio_w=device.watts.radio_w,
        idle_w=device.watts.idle_w,
        table=table_of(job, batch_size, tokens, figures, measured.n_layers),
        basis="measured",
        sources=(f"as measured ({job}): {told}",),
    )
    is_same = sizes(measured) == sizes(priced_architecture(scenario, trained))
    needed = _needed(scenario, trained)
    is_whole = needed is not None and all((row, depth) in figures for row, depth, _ in needed)
    misfit = _misfit(needed or [], figures)
    if is_same and batch == (batch_size, tokens) and is_whole and not misfit:
        return own
    ratios = _ratios(figures, measured, tokens, batch_size)
    factor = math.exp(sum(map(math.log, ratios)) / len(ratios))  # the geometric mean
    text = f"scaled by the analytic cost model from {_text(figures, job)}, {factor:.4g} x a TX2"
    if len(ratios) > 1:
        text += f" (the figures within {max(abs(one / factor - 1.0) for one in ratios):.0%})"
    if misfit:
        text += f"; {misfit}"
    return replace(
        own, basis="scaled", factor=factor, table=BERT_BASE_TABLE, sources=(f"{text}: {told}",)
    )


def _text(figures: Mapping[tuple[Row, int], Figure], job: str) -> str:
    places = [f"{row} at depth {depth}" for row, depth in figures]
    listed = ", ".join(places[:3]) + (", ..." if len(places) > 3 else "")
    return f"{len(figures)} measured figure{'s'[: len(figures) > 1]} ({listed}; {job})"


def _model_of(scenario: Scenario, trained: Architecture, device: MeasuredDevice) -> Architecture:
    """The sizes of the model that a device was measured with."""
    line = device.figures[0].line
    if device.model is None:
        if scenario.cost.timed_as is not None:
            raise device.source.error(
                f"device {device.name} must name its model, since the scenario trains one model "
                "and is timed as another (cost.timed_as)",
                line,
            )
        return trained
    if device.model == scenario.model.source:
        return trained
    if device.model not in MODELS:
        raise device.source.error(
            f"model must be one of {', '.join(MODELS)}, or the scenario's ({device.name}: empty, "
            f"or {scenario.model.source}), got {device.model}",
            line,
        )
    return MODELS[device.model]


def _place(figure: Figure, architecture: Architecture) -> tuple[Row, int]:
    return figure.row, architecture.n_layers if figure.depth is None else figure.depth


def _require_whole_units(device: MeasuredDevice, figure: Figure) -> None:
    if figure.tuning == "adapter" and figure.size is not None and figure.size % UNIT_WIDTH:
        rule = f"size of an adapter must be a multiple of {UNIT_WIDTH}, got {figure.size}"
        raise device.source.error(rule, figure.line)


def _misfit(needed: Sequence[_Need], figures: Mapping[tuple[Row, int], Figure]) -> str:
    """The first figure of another kind or size than the scenario asks for; "" for none.

    At depth 0 only the head is trained, so the kind and the size do not count.
    """
    for row, depth, config in needed:
        figure = figures.get((row, depth))
        if figure is None or figure.tuning is None or not depth:
            continue
        if (figure.tuning, figure.size or add_on_size(config)) != (
            config.kind,
            add_on_size(config),
        ):
            size = "" if figure.size is None else f" of size {figure.size}"
            return (
                f"{row} at depth {depth} was measured with {figure.tuning}{size}, and the scenario "
                f"has {config.kind} of size {add_on_size(config)}"
            )
    return ""


def add_on_size(config: TuningConfig | None) -> int | None:
    """Width of the adapters, or LoRA rank; None without add-ons."""
    if isinstance(config, Adapter):
        return config.width
    return config.rank if isinstance(config, Lora) else None


def _needed(scenario: Scenario, trained: Architecture) -> list[_Need] | None:
    """The rows and depths of which the scenario asks seconds; None if that is not known."""
    configs = priced_configs(scenario, trained)
    if configs is None:
        return None
    n_layers = priced_architecture(scenario, trained).n_layers
    needed = [
        _Need(row, tuned_depth(config, n_layers), config)
        for config in configs
        for row in _rows(scenario, config)
    ]
    if scenario.fleet.capacities is not None:  # their speeds are relative to full fine-tuning
        needed.append(_Need("full", n_layers, Full()))
    return needed


def _rows(scenario: Scenario, config: TuningConfig) -> tuple[Row, ...]:
    if not isinstance(config, AddOn):
        return ("full",)
    return ("adapter", "adapter_cached") if scenario.cache.enabled else ("adapter",)


def table_of(
    job: str, batch_size: int, tokens: int, figures: Mapping[tuple[Row, int], Figure], n_layers: int
) -> LatencyTable:
    """The figures by row and depth, NaN where there is none; memory of rows that have all."""
    depths = range(n_layers + 1)
    rows = dict.fromkeys(row for row, _ in figures)
    peaks = {
        row: [one.memory_gb for d in depths if (one := figures.get((row, d))) is not None]
        for row in rows
    }
    return LatencyTable(
        model=job,
        batch_size=batch_size,
        tokens=tokens,
        factor=1.0,
        seconds={
            row: tuple(
                figures[row, depth].seconds if (row, depth) in figures else math.nan
                for depth in depths
            )
            for row in rows
        },
        memory_gb={
            row: tuple(peak for peak in own if peak is not None)
            for row, own in peaks.items()
            if len(own) == n_layers + 1 and None not in own
        },
    )


def _ratios(
    figures: Mapping[tuple[Row, int], Figure], measured: Architecture, tokens: int, batch_size: int
) -> list[float]:
    """Each figure over the analytic seconds of the same step on a TX2."""
    ratios = []
    for (row, depth), figure in figures.items():
        config = _config_of(figure, row, depth)
        cache: CacheState = "hit" if row.endswith("cached") else "none"
        formula_s = tx2_seconds(measured, config, tokens=tokens, batch_size=batch_size, cache=cache)
        ratios.append(figure.seconds / formula_s)
    return ratios


def _config_of(figure: Figure, row: Row, depth: int) -> TuningConfig:
    """What a figure was measured with; an adapter of one unit where its row does not say."""
    if not row.startswith("adapter"):
        return Freeze(depth=depth)
    size = figure.size or UNIT_WIDTH
    is_lora = figure.tuning == "lora"
    return Lora(depth=depth, rank=size) if is_lora else Adapter(depth=depth, width=size)
