"""One damaged key of a row of any kind is named, with its rule."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import sim.records
from learner.plan import Shares, Tiers
from learner.spec import Adapter
from sim import run_scenario
from sim.records import Row
from sim.row_lines import as_json
from sim.row_rules import fault

VALUES: dict[str, Any] = {
    "float": 1.5,
    "int": 2,
    "str": "a",
    "TuningConfig": Adapter(depth=1, width=8),
    "Tiers | Shares": Tiers(parts=(Adapter(depth=1, width=8),)),
}
NAMED = {"TuningConfig": Adapter, "Tiers": Tiers, "Shares": Shares}


def a_row(kind: Any) -> dict[str, Any]:
    """A row of the kind as it is read from a log."""
    hints = get_type_hints(kind, vars(sim.records) | NAMED)
    values = {field.name: value(hints[field.name], str(field.type)) for field in fields(kind)}
    row: dict[str, Any] = json.loads(as_json(kind(**values)))
    return row


def value(hint: Any, annotation: str) -> Any:
    annotation = annotation.removesuffix(" | None")
    if annotation in VALUES:
        return VALUES[annotation]
    if annotation.startswith("tuple"):
        return (1, 2)
    return {"x": 1} if annotation.startswith("Mapping") else get_args(hint)[0]


KEYS = [(kind, field) for kind in get_args(Row) for field in fields(kind)]
BAD: tuple[Any, ...] = (None, True, [], {}, "text that no field is", float("inf"), -(2**70))


@pytest.mark.parametrize("kind", get_args(Row), ids=lambda kind: kind.row)
def test_a_row_of_any_kind_is_sound(kind: Any) -> None:
    assert fault(a_row(kind)) is None


@pytest.mark.parametrize(("kind", "field"), KEYS, ids=lambda one: getattr(one, "row", None))
def test_any_damaged_key_is_named(kind: Any, field: Any) -> None:
    row = a_row(kind)
    without = {key: row[key] for key in row if key != field.name}
    missing = f"key '{field.name}' is missing" if field.default is MISSING else None
    assert fault(without) == missing
    accepted = [bad for bad in BAD if fault(row | {field.name: bad}) is None]
    annotation = str(field.type).removesuffix(" | None")
    fits: dict[str, list[Any]] = {"str": ["text that no field is"], "tuple[int, ...]": [[]]}
    fit = fits.get(annotation, [])
    null: list[Any] = [None] * str(field.type).endswith(" | None")
    assert accepted == null + ([{}] if annotation.startswith("Mapping") else fit)
    found = fault(row | {field.name: True})
    assert found is not None
    assert found.startswith(f"{field.name} must be ")
    assert found.endswith("got True")


def test_the_rows_of_a_run_are_sound(tmp_path: Path, make: Any) -> None:
    scenario = make(log="all", configurator={"kind": "sideline", "interval_s": 60})
    run_dir = run_scenario(scenario, out=tmp_path).run_dir
    rows = [
        json.loads(line)
        for path in run_dir.glob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    assert {row["row"] for row in rows} >= {"transfer", "compute", "client", "round", "end"}
    assert [fault(row) for row in rows] == [None] * len(rows)
