"""Presets: set-ups by name, the published ones and this project's own.

`preset: NAME` fills in the keys of that set-up.

Keys that the same scenario file writes take precedence over the preset. A preset that is set by an
arm or an override takes precedence over the keys of the base. The resolved scenario has no `preset`
key, only the keys that it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

_PAPER = {
    "kind": "sideline",
    "interval_s": 60,
    "window": "interval",
    "start": {"kind": "adapter", "depth": 0, "width": 8},
    "space": {"depth_step": 1, "first_depth": 1, "width_step": 8, "max_width": 64},
    "branches": ["keep", "wider", "deeper"],
    "at_limit": "leave-out",
    "trial": {"allocation": "redraw", "crossing": "drop", "score": "last"},
}
_ARTIFACT = _PAPER | {
    "window": "interval * (4 * depth + 1)",
    "space": {"depth_step": 1, "first_depth": 2, "width_step": 8, "max_width": 64},
    "at_limit": "repeat",
    "trial": {"allocation": "same", "crossing": "drop", "score": "best-in-window"},
}
_DEEPEST = {"kind": "lora", "depth": 6, "rank": 4}
_FORECAST = {"kind": "forecast", "deepest": _DEEPEST, "most_batches": 32}
_BY_DEVICE = {
    "kind": "by-device",
    "deepest": _DEEPEST,
    "least_mean_depth": 3.0,
    "most_batches": 32,
}
_FULL = {"kind": "fixed", "config": {"kind": "full"}}
_TOP_2 = {"kind": "fixed", "config": {"kind": "freeze", "depth": 2}}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "fedadapter-paper": {  # Algorithm 1 as published
        "configurator": _PAPER,
        "evaluation": {"decide_on": "validation"},
        "aggregation": {"kind": "fedavg"},
    },
    "fedadapter-artifact": {  # the published code; it charges no time for cache misses
        "configurator": _ARTIFACT,
        "evaluation": {"decide_on": "test"},
        "cache": {"price_misses": False},
        "aggregation": {"kind": "fedavg"},
    },
    # This project's own: docs/results/policies.
    "forecast": {"configurator": _FORECAST},
    "by-device": {"configurator": _BY_DEVICE},
    "ft": {"configurator": _FULL},
    "ftq": {"configurator": _FULL, "exchange": {"down_bits": 8, "up_bits": 8}},
    "lf": {"configurator": _TOP_2},  # the depth chosen by hand for 20NEWS and AGNEWS
    "lfq": {"configurator": _TOP_2, "exchange": {"down_bits": 4, "up_bits": 4}},
}
"""Sources: the paper's Algorithm 1 and its baselines FT, FTQ, LF_oracle and LFQ_oracle; the trial
script of its artifact."""


def with_preset(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping with the keys of its preset filled in. Raises ValueError if it is unknown."""
    if "preset" not in mapping:
        return mapping
    name = mapping["preset"]
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name}")
    written = {key: value for key, value in mapping.items() if key != "preset"}
    filled: Mapping[str, Any] = _with_defaults(written, PRESETS[name])
    return filled


def apply_preset(mapping: dict[str, Any], name: Any) -> None:
    """Overwrite keys of the mapping with those of a preset.

    An unknown preset changes no other key; with_preset then refuses it.
    """
    keys = PRESETS.get(name, {}) if isinstance(name, str) else {}
    for key, value in keys.items():
        mapping[key] = _with_defaults(deepcopy(value), mapping.get(key))
    mapping["preset"] = name


def with_start_kind(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping with `kind: adapter`, as published, in a `configurator.start` without a kind."""
    policy = mapping.get("configurator")
    start = policy.get("start") if isinstance(policy, Mapping) else None
    if not isinstance(policy, Mapping) or not isinstance(start, Mapping) or "kind" in start:
        return mapping
    return {**mapping, "configurator": {**policy, "start": {"kind": "adapter", **start}}}


def _with_defaults(written: Any, defaults: Any) -> Any:
    """The written values, with missing keys from `defaults`.

    A written mapping of another `kind` gets no defaults: its keys have other meanings.
    """
    if not (isinstance(written, Mapping) and isinstance(defaults, Mapping)):
        return written
    if "kind" in written and written["kind"] != defaults.get("kind"):
        return written
    own = {k: _with_defaults(v, defaults[k]) if k in defaults else v for k, v in written.items()}
    return {**{k: v for k, v in defaults.items() if k not in own}, **own}
