"""Errors of a prediction, by hand."""

from __future__ import annotations

import polars as pl
import pytest

from fidelity.comparison import errors, order_agreement

COLUMNS = (
    *("arm", "round", "client", "outcome", "start_s", "down_s", "compute_s", "up_s"),
    "round_end_s",
)


def _rows(extra: dict[str, object], *rows: tuple[object, ...]) -> pl.DataFrame:
    return pl.DataFrame([{**extra, **dict(zip(COLUMNS, row, strict=True))} for row in rows])


FIRST = ("a", 1, 0, "done", 0.0, 1.0, 2.0, 1.0, 4.0)
MEASURED = pl.concat(
    [
        _rows({"repeat": 0}, FIRST, ("a", 2, 0, "done", 4.0, 1.0, 4.0, 1.0, 10.0)),
        _rows({"repeat": 1}, FIRST, ("a", 2, 0, "done", 4.0, 1.0, 2.0, 1.0, 8.0)),
        _rows({"repeat": 0}, ("b", 1, 0, "done", 0.0, 9.0, 9.0, 9.0, 30.0)),
    ]
)
PREDICTED = pl.concat(
    [
        _rows({"variant": "tcp", "repeat": 0}, FIRST, ("a", 2, 0, "done", 4.0, 1.0, 3.0, 1.0, 9.0)),
        _rows({"variant": "tcp", "repeat": 1}, FIRST, ("a", 2, 0, "done", 4.0, 1.0, 1.0, 1.0, 7.0)),
        _rows({"variant": "tcp", "repeat": 0}, ("b", 1, 0, "done", 0.0, 9.0, 9.0, 9.0, 27.0)),
    ]
)


def test_errors_of_rounds_stages_and_totals() -> None:
    first, second = errors(MEASURED, PREDICTED)
    assert (first.arm, first.n_rounds, first.measured_s, first.predicted_s) == ("a", 4, 9.0, 8.0)
    assert first.total == pytest.approx(8 / 9 - 1)
    assert first.round_median == pytest.approx((0 + 1 / 6) / 2)  # 0, 0, 1/6 and 1/4
    assert first.round_p90 == pytest.approx(0.3 * 1 / 6 + 0.7 * 1 / 4)
    assert first.stages == pytest.approx((0.0, 8 / 10 - 1, 0.0))
    assert first.given_compute == 0.0
    assert first.noise == pytest.approx(0.1)  # 0, 0, 0.2 and -0.2
    assert second.total == pytest.approx(-0.1)


def test_the_order_of_arms_is_compared() -> None:
    assert order_agreement(errors(MEASURED, PREDICTED), "tcp") == pytest.approx(1.0)
