"""Published set-ups by name: `preset: NAME` stands for plain keys, and whatever a scenario writes
beside it goes first; set by an arm or an override, it goes before what its base says of those keys.
The resolved scenario shows the keys alone."""

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
_FULL = {"kind": "fixed", "config": {"kind": "full"}}
_TOP_2 = {"kind": "fixed", "config": {"kind": "freeze", "depth": 2}}

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "fedadapter-paper": {  # Algorithm 1 as published
        "configurator": _PAPER,
        "evaluation": {"decide_on": "validation"},
        "aggregation": {"kind": "fedavg"},
    },
    "fedadapter-artifact": {  # what the published code does; misses of the cache are free there
        "configurator": _ARTIFACT,
        "evaluation": {"decide_on": "test"},
        "cache": {"price_misses": False},
        "aggregation": {"kind": "fedavg"},
    },
    "ft": {"configurator": _FULL},
    "ftq": {"configurator": _FULL, "exchange": {"down_bits": 8, "up_bits": 8}},
    "lf": {"configurator": _TOP_2},  # the depth chosen by hand for 20NEWS and AGNEWS
    "lfq": {"configurator": _TOP_2, "exchange": {"down_bits": 4, "up_bits": 4}},
}
"""Sources: the paper's Algorithm 1 and baselines (FT, FTQ, LF_oracle, LFQ_oracle); the artifact's
trial script."""


def with_preset(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping with its preset's keys filled in. Raises ValueError for an unknown one."""
    if "preset" not in mapping:
        return mapping
    name = mapping["preset"]
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name}")
    written = {key: value for key, value in mapping.items() if key != "preset"}
    filled: Mapping[str, Any] = _filled(written, PRESETS[name])
    return filled


def lay_preset(mapping: dict[str, Any], name: Any) -> None:
    """Set a preset over what is already written, whose keys it replaces; an unknown one sets
    nothing and is refused later."""
    keys = PRESETS.get(name, {}) if isinstance(name, str) else {}
    for key, value in keys.items():
        mapping[key] = _filled(deepcopy(value), mapping.get(key))
    mapping["preset"] = name


def with_start_kind(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """The mapping with a configurator's start that names no kind made an adapter, as published."""
    policy = mapping.get("configurator")
    start = policy.get("start") if isinstance(policy, Mapping) else None
    if not isinstance(policy, Mapping) or not isinstance(start, Mapping) or "kind" in start:
        return mapping
    return {**mapping, "configurator": {**policy, "start": {"kind": "adapter", **start}}}


def _filled(written: Any, preset: Any) -> Any:
    """Written values, the preset's where there are none; a mapping of another kind stays as it
    is."""
    if not (isinstance(written, Mapping) and isinstance(preset, Mapping)):
        return written
    if "kind" in written and written["kind"] != preset.get("kind"):
        return written
    own = {k: _filled(v, preset[k]) if k in preset else v for k, v in written.items()}
    return {**{k: v for k, v in preset.items() if k not in own}, **own}
