"""Files of many devices: one that cannot be used is left out, and said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from traces.recording import TraceError

Raw = TypeVar("Raw")
Device = TypeVar("Device")

_MOST_LEFT_OUT = 0.5


def devices(
    raw: Mapping[str, Raw], read: Callable[[str, Raw], Device], called: str = "devices"
) -> tuple[dict[str, Device], tuple[str, ...]]:
    """Each device as `read` makes it from its name and content, and warnings.

    A device for which `read` raises TraceError is left out. If that is more than half of them,
    the file is wrong rather than a device: the first error is raised.
    """
    found: dict[str, Device] = {}
    errors: list[TraceError] = []
    for name, content in raw.items():
        try:
            found[name] = read(name, content)
        except TraceError as error:
            errors.append(error)
    if not errors:
        return found, ()
    if len(errors) > _MOST_LEFT_OUT * len(raw):
        raise errors[0]
    be = "was" if len(errors) == 1 else "were"
    first = f"line {errors[0].line}: " if errors[0].line > 1 else ""
    told = f"{len(errors)} of {len(raw)} {called} {be} left out: {first}{errors[0].rule}"
    return found, (told,)
