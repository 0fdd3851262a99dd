"""Makes the configurator that a scenario names; imports the user's own ones and records them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError

from configurator import Configuration, Configurator, Drawing, Growing
from learner.encoder.architecture import Architecture
from learner.ranges import require
from sim.scenario.own import Own
from sim.scenario.scenario import Scenario
from sim.streams import Streams

from .guarded_configurator import Guarded


def configurator_of(scenario: Scenario) -> Configurator:
    """The scenario's policy; an own one is imported and made from its values, and guarded.

    Raises ValueError, naming the key, if it cannot be imported, is no configurator, or refuses its
    values.
    """
    policy = policy_of(scenario)
    return Guarded(policy) if isinstance(scenario.configurator, Own) else policy


def policy_of(scenario: Scenario) -> Configurator:
    """As configurator_of, with an own one as it is."""
    policy = scenario.configurator
    if not isinstance(policy, Own):
        return policy
    require(
        policy.values is not None,
        f"configurator.values of {policy.policy} are not recorded: only the program that passed "
        "this object to run_scenario can make it again",
    )
    assert policy.values is not None
    return _make(_imported(policy.policy), policy.values, policy.policy)


def build_configurator(
    scenario: Scenario, architecture: Architecture, streams: Streams
) -> Configurator:
    """The scenario's policy for a run, with its open values set.

    The depth limit is the model's number of layers, the seed of its draws is the run's. An own
    policy keeps its values as they are. Raises ValueError as configurator_of does.
    """
    policy = policy_of(scenario)
    if isinstance(policy, Growing):
        policy = replace(policy, space=policy.space.within(architecture.n_layers))
    if isinstance(policy, Drawing) and policy.seed is None:
        policy = replace(policy, seed=streams.key("configurator"))
    return Guarded(policy) if isinstance(scenario.configurator, Own) else policy


def with_configurator(scenario: Scenario, policy: Configurator | None) -> Scenario:
    """The scenario with a policy object in place of its own, by module, class and values.

    None: the scenario as it is. Values are recorded if the same class makes an object of the same
    repr from them, as it does for a dataclass of plain values and of other dataclasses.
    """
    if policy is None:
        return scenario
    if isinstance(policy, get_args(Configuration)):
        return replace(scenario, configurator=policy)
    kind = type(policy)
    own = Own(policy=f"{module_name(kind)}:{kind.__qualname__}", values=_values(policy))
    return replace(scenario, configurator=own)


def module_name(one: Any) -> str:
    """The module of a class or function, under the name by which another program imports it.

    A program that is run as a file is imported by the file's name.
    """
    module: str = one.__module__
    main = sys.modules["__main__"]
    if module != "__main__":
        return module
    if spec := getattr(main, "__spec__", None):
        return str(spec.name)
    return Path(file).stem if (file := getattr(main, "__file__", None)) else module


def _imported(name: str) -> type[Any]:
    """The class `module:Class`. Raises ValueError if there is none, or if it is no configurator."""
    try:
        found = resolve_name(name)
    except Exception as error:  # the user's module is executed, and may raise anything
        raise ValueError(
            f"configurator.policy must be a class that can be imported, got {name} "
            f"({type(error).__name__}: {error})"
        ) from None
    methods = ("initial", "propose", "decide")
    require(
        isinstance(found, type) and all(callable(getattr(found, m, None)) for m in methods),
        f"configurator.policy must be a class with the methods {', '.join(methods)}, got {name}",
    )
    kind: type[Any] = found
    return kind


def _make(kind: type[Any], values: Mapping[str, Any], name: str) -> Configurator:
    """An object of a class. The fields of a dataclass are checked, and its parts are made."""
    try:
        if not _is_made_from_fields(kind):
            made: Configurator = kind(**values)
            return made
        (made,) = _adapter(kind).validate_json(json.dumps([values]))
    except ValidationError as error:
        detail = error.errors()[0]
        path = ".".join(["configurator.values", *map(str, detail["loc"][1:])])
        raise ValueError(f"{path}: {detail['msg']}, got {detail['input']!r} ({name})") from None
    except Exception as error:  # the user's class may raise anything
        told = error if isinstance(error, TypeError | ValueError) else repr(error)
        raise ValueError(f"configurator.values do not fit {name}: {told}") from None
    return made


def _values(policy: Configurator) -> Mapping[str, Any] | None:
    """The values of a dataclass that make an object of the same repr; None for anything else."""
    kind: type[Any] = type(policy)
    if not _is_made_from_fields(kind):
        return None
    try:
        (values,) = _adapter(kind).dump_python([policy], mode="json")
        made = _make(kind, values, kind.__name__)
        json.dumps(values, allow_nan=False)
    except Exception:  # pydantic's, for a type without a schema; anything, in the user's own checks
        return None
    return values if repr(made) == repr(policy) else None


def _is_made_from_fields(kind: type[Any]) -> bool:
    """Whether a class is a dataclass, or inherits from one and does not define how it is made."""
    maker = next(one for one in kind.__mro__ if "__init__" in vars(one))
    return "__dataclass_fields__" in vars(maker)


def _adapter(kind: type[Any]) -> TypeAdapter[list[Any]]:
    """Validates a list of objects; the list carries the rules into a class that has none."""
    rules = ConfigDict(extra="forbid", strict=True)
    return TypeAdapter(list[kind], config=rules)  # type: ignore[valid-type]  # kind is a value
