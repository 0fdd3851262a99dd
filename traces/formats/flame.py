"""flame's availability events: `{trainer: [[t_s, state], ...]}` (derived from the FLASH phones).

States: AVL_TRAIN (charging), AVL_EVAL (battery at 50 % or more), UN_AVL. Its authors force every
device to AVL_TRAIN for the first 300 s.
"""

from __future__ import annotations

from traces.availability import Availability
from traces.recording import AvailabilityRecording

from .event_log import availability
from .population import devices
from .source import Source

STATES = ("AVL_TRAIN", "AVL_EVAL", "UN_AVL")
_FORCED_S = 300.0

_Events = list[tuple[float, str]]


def sniff(source: Source) -> bool:
    """Whether the first trainer's first event is a time and one of the states."""
    first = source.first_value
    is_list = isinstance(first, list) and bool(first) and isinstance(first[0], list)
    return is_list and first[0][-1:] != [] and first[0][-1] in STATES  # type: ignore[index]


def read(
    source: Source, drop_forced_start: bool = False, eval_counts: bool = False
) -> AvailabilityRecording:
    """Every trainer.

    drop_forced_start: take away the forced availability of the first 300 s.
    eval_counts: AVL_EVAL is available too.
    """
    raw = source.by_name("trainer")
    available = ("AVL_TRAIN", "AVL_EVAL") if eval_counts else ("AVL_TRAIN",)

    def device(name: str, value: object) -> tuple[Availability, bool]:
        events = _events(source, name[:40], value)
        is_forced = _is_forced(events)
        if is_forced and drop_forced_start:
            events = [(0.0, "UN_AVL"), *events[1:]]
        return _device(source, name, events, available), is_forced

    found, warnings = devices(raw, device)
    n_forced = sum(is_forced for _, is_forced in found.values())
    if n_forced and not drop_forced_start:
        told = f"{n_forced} of {len(found)} devices are forced available at the start"
        warnings = (*warnings, told)
    return AvailabilityRecording(
        format="flame",
        devices={name: of for name, (of, _) in found.items()},
        warnings=warnings,
    )


def _events(source: Source, name: str, value: object) -> _Events:
    if not isinstance(value, list) or not value:
        raise source.error(f"trainer {name} must be a list of at least one [t_s, state]")
    events: _Events = []
    for no, event in enumerate(value):
        if not isinstance(event, list) or len(event) != 2 or event[1] not in STATES:
            raise source.error(f"trainer {name}[{no}] must be [t_s, one of {', '.join(STATES)}]")
        t_s = source.number(event[0], f"trainer {name}[{no}]", high=1e12)
        if events and t_s < events[-1][0]:
            raise source.error(f"trainer {name}[{no}] goes back in time")
        events.append((t_s, event[1]))
    return events


def _is_forced(events: _Events) -> bool:
    starts_on = events[0] == (0.0, "AVL_TRAIN")
    return starts_on and len(events) > 1 and events[1][0] <= _FORCED_S and events[1][1] == "UN_AVL"


def _device(source: Source, name: str, events: _Events, available: tuple[str, ...]) -> Availability:
    states = ((t_s, state in available) for t_s, state in events)
    return availability(source, f"trainer {name[:40]}", states)
