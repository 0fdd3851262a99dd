"""All controls that a scenario supports."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from traces.profiles import device_names

from .choice import Choice, scale
from .network_choices import network_choices

_ROUNDS, _CLIENTS = "Rounds", "Clients and costs"
_TABLE = {
    "kind": "table",
    "payload": "exact",
    "scale": "flops",
    "latency_scale": 1.0,
    "timed_as": None,
}
_COSTS = {
    "published seconds, by FLOPs": _TABLE,
    "published seconds of BERT-base": {**_TABLE, "timed_as": "bert-base"},
    "analytic model": {
        "kind": "analytic",
        "calibrate": "bert-base/jetson-tx2",
        "timed_as": None,
    },
}


def controls(scenario: Mapping[str, Any], n_clients: int, longest_round_s: float) -> list[Choice]:
    """The controls of a scenario with every default written out, in the order of the page.

    longest_round_s: the longest round of the run, from which the deadlines are chosen.
    """
    return [
        *network_choices(scenario["fleet"]),
        *_round_choices(scenario["rounds"], n_clients, longest_round_s),
        *_client_choices(scenario),
    ]


def _round_choices(
    rounds: Mapping[str, Any], n_clients: int, longest_round_s: float
) -> Iterator[Choice]:
    if rounds.get("mode", "sync") == "sync":
        yield scale(
            id="deadline",
            label="Deadline of a round",
            group=_ROUNDS,
            paths=["rounds.deadline_s"],
            values=(*deadlines_s(longest_round_s), None),
            base=rounds.get("deadline_s"),
            unit="s",
        )
        yield scale(
            id="overcommit",
            label="Over-commitment",
            group=_ROUNDS,
            paths=["rounds.overcommit"],
            values=(1.0, 1.1, 1.2, 1.3, 1.5, 2.0),
            base=rounds.get("overcommit", 1.0),
            unit="×",
        )
    yield scale(
        id="participants",
        label="Participants",
        group=_ROUNDS,
        paths=["rounds.participants"],
        values=tuple(n for n in (3, 5, 10, 15, 20, 30, 50, 100) if n <= n_clients),
        base=rounds["participants"],
        unit="clients",
    )


def _client_choices(scenario: Mapping[str, Any]) -> Iterator[Choice]:
    yield _mixes(scenario["fleet"])
    named = dict(_COSTS)
    if scenario["cost"] not in named.values():
        named = {"as run": dict(scenario["cost"]), **named}
    values = tuple(named.values())
    yield Choice(
        id="cost",
        label="Cost model",
        group=_CLIENTS,
        paths=("cost",),
        values=values,
        options=tuple(named),
        base=values.index(scenario["cost"]),
    )


def _mixes(fleet: Mapping[str, Any]) -> Choice:
    """The run's mix of device classes, each class alone, equal mixes, and mixes of mostly one."""
    shares = fleet["devices"]
    names = list(dict.fromkeys([*shares, *device_names()]))
    sizes = (1,) if fleet.get("capacities") else range(1, len(names) + 1)
    named: dict[str, Any] = {"as run": dict(shares)}
    for mix in (mix for size in sizes for mix in combinations(names, size)):
        named[" + ".join(mix)] = {name: round(1 / len(mix), 4) for name in mix}
        if len(mix) == len(names) > 1:
            named |= {f"mostly {name}": _mostly(name, mix) for name in mix}
    same = [name for name, mix in named.items() if name != "as run" and _is_near(mix, shares)]
    values = {name: mix for name, mix in named.items() if name not in same}
    return Choice(
        id="devices",
        label="Devices",
        group=_CLIENTS,
        paths=("fleet.devices",),
        values=tuple(values.values()),
        options=tuple(values),
        base=0,
    )


def _mostly(most: str, names: Sequence[str]) -> dict[str, float]:
    """Shares of which one class has 80 % and the others the rest in equal parts."""
    rest = round(0.2 / (len(names) - 1), 4)
    return {name: 0.8 if name == most else rest for name in names}


def _is_near(mix: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return list(mix) == list(other) and all(abs(mix[name] - other[name]) < 1e-3 for name in mix)


def deadlines_s(longest_round_s: float) -> list[float]:
    """Six deadlines with the digits 1, 2 and 5 that end with the first above the longest round.

    >>> deadlines_s(14.2)
    [0.5, 1, 2, 5, 10, 20]
    """
    first = math.floor(math.log10(max(longest_round_s, 1e-3))) - 3
    known = [float(f"{digit}e{power}") for power in range(first, first + 6) for digit in (1, 2, 5)]
    end = next(i for i, value in enumerate(known) if value > longest_round_s)
    return [int(value) if value >= 1 else value for value in known[max(0, end - 5) : end + 1]]
