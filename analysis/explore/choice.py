"""A control of the page: a choice among values that are set at key paths of the scenario."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`values[i]`, named `options[i]`, is set at all `paths`; `base` is the choice of the run.

    `group`: the heading under which the page has it. `unit`: of values that are numbers, in order;
    "" for any other values.
    """

    id: str
    label: str
    group: str
    paths: tuple[str, ...]
    values: tuple[Any, ...]
    options: tuple[str, ...]
    base: int
    unit: str = ""

    @property
    def is_scale(self) -> bool:
        """Whether the values are numbers in order, so that a slider fits."""
        return bool(self.unit)

    def overrides(self, chosen: int) -> list[str]:
        """The overrides of a choice; none for the base."""
        if chosen == self.base:
            return []
        return [f"{path}={json.dumps(self.values[chosen])}" for path in self.paths]

    def reading(self, overrides: Sequence[str]) -> Choice | None:
        """The control with one more value if the overrides set a number that it does not have.

        None if the overrides are not those of this control.
        """
        read = [_read(text) for text in overrides]
        if [path for path, _ in read] != list(self.paths):
            return None
        values = [value for _, value in read]
        if any(value != values[0] for value in values):
            return None
        if self.place_of(values[0]) is not None:
            return self
        is_number = type(values[0]) in (int, float)
        return with_value(self, values[0]) if self.is_scale and is_number else None

    def place_of(self, value: Any) -> int | None:
        """The choice that sets this value, or None; true and 1 are different values."""
        same = [i for i, own in enumerate(self.values) if own == value]
        return same[0] if same and not isinstance(value, bool) else None

    def chosen(self, overrides: Sequence[str]) -> int:
        """The choice of overrides that `reading` accepts."""
        place = self.place_of(_read(overrides[0])[1])
        assert place is not None
        return place


def scale(
    *, id: str, label: str, group: str, paths: Sequence[str], values: Sequence[Any], base: Any,
    unit: str,
) -> Choice:  # fmt: skip
    """A choice among numbers in increasing order, and no limit (None), which comes last.

    The base is added if it is not among the values.
    """
    known = tuple(values)
    made = Choice(
        id=id,
        label=label,
        group=group,
        paths=tuple(paths),
        values=known,
        options=tuple(map(_name, known)),
        base=0,
        unit=unit,
    )
    made = made if base in known else with_value(made, base)
    return replace(made, base=made.values.index(base))


def with_value(choice: Choice, value: Any) -> Choice:
    """The scale with one more value; its base stays the same value."""
    ordered = tuple(sorted((*choice.values, value), key=lambda v: (v is None, v)))
    return replace(
        choice,
        values=ordered,
        options=tuple(map(_name, ordered)),
        base=ordered.index(choice.values[choice.base]),
    )


def read_choices(
    choices: Sequence[Choice], overrides: Sequence[str]
) -> tuple[list[Choice], dict[str, int], list[str]]:
    """The controls, the choice of each by id, and the overrides that no control makes.

    The latter come first: a control's overrides are applied after them, as they were. So only the
    overrides behind the last one that no control makes are choices.
    """
    known = {choice.id: choice for choice in choices}
    chosen = {choice.id: choice.base for choice in choices}
    rest, left = list(overrides), dict(known)
    while found := _last(left, rest):
        choice, own = found
        known[choice.id], chosen[choice.id] = choice, choice.chosen(own)
        del left[choice.id], rest[len(rest) - len(own) :]
    return list(known.values()), chosen, rest


def write_choices(
    choices: Sequence[Choice], chosen: Mapping[str, int], others: Sequence[str]
) -> tuple[str, ...]:
    """The overrides of a state: `others`, then those of the controls in their order."""
    made = [text for choice in choices for text in choice.overrides(chosen[choice.id])]
    return (*others, *made)


def _last(left: Mapping[str, Choice], rest: Sequence[str]) -> tuple[Choice, Sequence[str]] | None:
    """The control that makes the last overrides, and these."""
    for choice in left.values():
        own = rest[len(rest) - len(choice.paths) :]
        if own and (read := choice.reading(own)) is not None:
            return read, own
    return None


def _read(override: str) -> tuple[str, Any]:
    """Key path and value; a value that is not JSON is its text, which no control makes."""
    path, _, text = override.partition("=")
    try:
        return path.strip(), json.loads(text)
    except ValueError:
        return path.strip(), text


def _name(value: Any) -> str:
    """A number, or "none".

    >>> _name(0.02), _name(15), _name(None)
    ('0.02', '15', 'none')
    """
    return "none" if value is None else f"{value:g}"
