"""Decoding rows without JSON gives the same columns as JSON; other lines are refused."""

from dataclasses import fields, replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.exceptions import PolarsError

from analysis.reading.row_decoding import column_types, decode
from sim.records import ClientRow, as_json

ZEROS: dict[str, Any] = {f.name: 0.0 if f.type == "float" else 0 for f in fields(ClientRow)}
ROW = ClientRow(**ZEROS | {"branch": "keep", "outcome": "done", "cache": "hit"})
PLAIN = ["client", "outcome", "round", "cache", "compute_s", "gone_s"]
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def read(lines: str, *names: str) -> pl.DataFrame:
    return decode(lines.encode(), ClientRow, column_types(ClientRow, names))


@given(
    st.lists(
        st.builds(
            replace,
            st.just(ROW),
            client=st.integers(0, 10**9),
            branch=st.one_of(st.just("keep"), st.text(), st.just('a,"round":7,')),
            outcome=st.sampled_from(["open", "done", "late", "lost", "cut"]),
            compute_s=FLOATS,
            gone_s=FLOATS,
        ),
        min_size=1,
    )
)
def test_rows_are_decoded_exactly(rows: list[ClientRow]) -> None:
    lines = "".join(f"{as_json(row)}\n" for row in rows)
    numbers = read(lines, *PLAIN)
    assert numbers.rows() == [tuple(getattr(row, name) for name in PLAIN) for row in rows]
    assert read(lines, "branch", *PLAIN).drop("branch").equals(numbers)  # a text: as JSON


def test_a_field_that_an_older_version_did_not_write_is_null() -> None:
    line = as_json(ROW).replace('"staleness":0,', "")
    assert read(line, "staleness", "gone_s").rows() == [(None, 0.0)]


def test_null_values_stay_null() -> None:
    line = as_json(ROW).replace('"gone_s":0.0', '"gone_s":null')
    assert read(line, "client", "gone_s").rows() == [(0, None)]


@pytest.mark.parametrize("value", ["inf", "nan", "soon", '"1.0"', "1.0.0", "{}", ""])
def test_text_for_a_number_is_refused(value: str) -> None:
    line = as_json(ROW).replace('"gone_s":0.0', f'"gone_s":{value}')
    with pytest.raises(PolarsError):
        read(line, "client", "gone_s")


def test_an_unknown_literal_is_refused() -> None:
    with pytest.raises(PolarsError):
        read(as_json(ROW).replace('"cache":"hit"', '"cache":"warm"'), "cache")
