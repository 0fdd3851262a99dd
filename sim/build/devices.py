"""The device classes of a fleet: published ones, the user's own, and those that others measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from learner.encoder.architecture import Architecture
from learner.ranges import require
from learner.spec import Full, TuningConfig
from sim.scenario.fleet import Fleet
from sim.scenario.scenario import Scenario
from traces.device_csv import Figure, MeasuredDevice, load_devices
from traces.measured import Measurement, measured_names, measurements_of
from traces.profiles import DeviceProfile, device_names, device_profile

from .own_device import MODELS, own_profile, table_of
from .priced_model import priced_architecture, priced_configs, sizes, table_model


def check_devices(fleet: Fleet) -> None:
    """Raise ValueError for a device class that is unknown, TraceError for a bad device file."""
    own = _own(fleet)
    known = [*own, *device_names(), *measured_names()]
    for name in fleet.devices:
        near = ", ".join(get_close_matches(name, known, n=3, cutoff=0.3) or known)
        require(name in known, f"fleet.devices: unknown device {name!r}; nearest: {near}")


def has_published(fleet: Fleet) -> bool:
    """Whether a device class has the seconds of the published table."""
    return bool(set(fleet.devices) & set(device_names()) - set(_own(fleet)))


def can_serve(one: Measurement) -> bool:
    """Whether a scenario can have the measured job: its model and tuning are supported."""
    return one.seconds is not None and one.tuning == "full" and one.model in MODELS


def find_profiles(scenario: Scenario, trained: Architecture) -> dict[str, DeviceProfile]:
    """The fleet's device classes by name, with the seconds of the scenario's job.

    trained: the sizes of the trained model. Raises ValueError, naming the key, for a device that
    was not measured with this job; TraceError, naming file and line, for a bad device file.
    """
    check_devices(scenario.fleet)
    own, found = _own(scenario.fleet), dict[str, DeviceProfile]()
    for name in scenario.fleet.devices:
        if name in own:
            found[name] = own_profile(scenario, trained, own[name])
        elif name in device_names():
            found[name] = device_profile(name, table_model(scenario))
        else:
            found[name] = _measured_profile(scenario, trained, name)
    watts = scenario.fleet.idle_w.items()
    return found | {name: replace(found[name], idle_w=idle_w) for name, idle_w in watts}


def _own(fleet: Fleet) -> dict[str, MeasuredDevice]:
    return {} if fleet.device_file is None else load_devices(Path(fleet.device_file).expanduser())


def _measured_profile(scenario: Scenario, trained: Architecture, name: str) -> DeviceProfile:
    """A device that others measured, if one of the measured jobs is the scenario's."""
    configs, priced = priced_configs(scenario, trained), priced_architecture(scenario, trained)
    batch_size, tokens = scenario.training.batch_size, scenario.task.max_tokens
    for one in measurements_of(name):
        is_batch = one.batch_size == batch_size and one.tokens in (None, tokens)
        if not (can_serve(one) and is_batch and configs == [Full()]):
            continue
        if sizes(MODELS[one.model]) == sizes(priced):
            return _profile_of(one, priced.n_layers)
    jobs = "; ".join(dict.fromkeys(one.job for one in measurements_of(name)))
    raise ValueError(
        f"fleet.devices: {name} was measured with {jobs}, and figures of others are not scaled; "
        f"the scenario has {scenario.cost.timed_as or scenario.model.source}, "
        f"{_tuning(configs)}, batch {batch_size}, {tokens} tokens"
    )


def _profile_of(one: Measurement, n_layers: int) -> DeviceProfile:
    assert one.seconds is not None
    figure = Figure(seconds=one.seconds)
    table = table_of(
        one.model, one.batch_size or 0, one.tokens or 0, {("full", n_layers): figure}, n_layers
    )
    return DeviceProfile(
        name=one.device,
        factor=1.0,
        compute_w=0.0,
        radio_w=0.0,
        table=table,
        basis="measured",
        sources=(f"as measured ({one.job}{f', {one.what}' if one.what else ''}): {one.source}",),
    )


def _tuning(configs: Sequence[TuningConfig] | None) -> str:
    kinds = dict.fromkeys(config.kind for config in configs or ())
    return ", ".join(kinds) or "a configurator of its own"
