"""FLASH's `state_traces.json`: `{uid: {"messages": event log}}` of phones (Yang et al., 2021).

A message is `YYYY-MM-DD HH:MM:SS<TAB>EVENT`. The option `rule` says what counts as available. A
phone is taken as not charging, not locked and not on WiFi until an event says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from traces.availability import Availability
from traces.recording import AvailabilityRecording

from .event_log import availability
from .population import devices
from .source import Source

Rule = Literal["charging", "charging+locked", "charging+locked+wifi"]
"""FLASH's own rule is the last; the log needs network events for it."""

_STAMP = "%Y-%m-%d %H:%M:%S"
_CHANGES = {
    "battery_charged_on": ("charging", True),
    "battery_charged_off": ("charging", False),
    "screen_lock": ("locked", True),
    "screen_unlock": ("locked", False),
    "wifi": ("wifi", True),
    "2g": ("wifi", False),
    "3g": ("wifi", False),
    "4g": ("wifi", False),
    "5g": ("wifi", False),
    "unknown": ("wifi", False),
}


def sniff(source: Source) -> bool:
    """Whether the first device has a log of messages."""
    first = source.first_value
    return isinstance(first, dict) and "messages" in first


def read(source: Source, rule: Rule = "charging") -> AvailabilityRecording:
    """Every device under a rule, from its first event on."""
    raw = source.by_name("device")
    needed = rule.split("+")
    found, left_out = devices(raw, lambda name, of: _device(source, name[:40], of, needed))
    n_never = sum(device.share == 0.0 for device in found.values())
    warnings = [f"rule: {rule}", *left_out]
    if n_never:
        warnings.append(f"{n_never} of {len(found)} devices are never available under it")
    if "wifi" in needed and not any("wifi" in str(value) for value in raw.values()):
        warnings.append("the log has no network events, so no device is ever on WiFi")
    return AvailabilityRecording(format="flash", devices=found, warnings=tuple(warnings))


def _device(source: Source, name: str, value: object, needed: list[str]) -> Availability:
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, str):
        raise source.error(f"device {name} needs messages, as text")
    return availability(source, f"device {name}", _states(source, name, messages, needed))


def _states(
    source: Source, name: str, messages: str, needed: list[str]
) -> Iterator[tuple[float, bool]]:
    """The device's availability after each event."""
    state = {"charging": False, "locked": False, "wifi": False}
    start, last_s = None, 0.0
    for no, message in enumerate(filter(None, messages.split("\n"))):
        stamp, _, event = message.partition("\t")
        try:
            instant = datetime.strptime(stamp.strip(), _STAMP)
        except ValueError:
            raise source.error(f"device {name}, message {no}: no stamp in {stamp[:30]!r}") from None
        start = start or instant
        t_s = (instant - start).total_seconds()
        if t_s < last_s:
            raise source.error(f"device {name}, message {no} goes back in time")
        last_s = t_s
        if event.strip().lower() in _CHANGES:
            key, is_on = _CHANGES[event.strip().lower()]
            state[key] = is_on
        yield t_s, all(state[key] for key in needed)
