"""A user's own device measurements."""

from dataclasses import replace
from pathlib import Path

import pytest

from traces.device_csv import COLUMNS, TEMPLATE, Figure, MeasuredDevice, load_devices
from traces.recording import TraceError

HEADER = ",".join(COLUMNS)
ROW = "phone,bert-base,8,64,adapter,{depth},,,{seconds},,5,1,,"


def loaded(tmp_path: Path, *lines: str) -> dict[str, MeasuredDevice]:
    path = tmp_path / "devices.csv"
    path.write_text("\n".join(lines) + "\n")
    return load_devices(path)


def test_a_name_and_a_figure_are_enough(tmp_path: Path) -> None:
    (phone,) = loaded(tmp_path, "device,seconds_per_batch", "pixel8,0.02").values()
    assert phone.figures == (Figure(seconds=0.02, line=2),)
    assert (phone.model, phone.batch_size, phone.tokens) == (None, None, None)
    assert (*phone.watts,) == (0.0, 0.0, 0.0)


def test_every_column_is_read(tmp_path: Path) -> None:
    row = "phone,bert-base,8,64,adapter,3,lora,4,1.5,2.25,5,1,0.5,a stopwatch"
    (phone,) = loaded(tmp_path, HEADER, row).values()
    place = Figure(seconds=1.5, row="adapter", depth=3, memory_gb=2.25, line=2)
    assert phone.figures == (replace(place, tuning="lora", size=4),)
    assert (phone.model, phone.batch_size, phone.tokens) == ("bert-base", 8, 64)
    assert (*phone.watts, phone.told) == (5.0, 1.0, 0.5, "a stopwatch")


def test_the_template_is_read(tmp_path: Path) -> None:
    devices = loaded(tmp_path, TEMPLATE)
    assert [len(device.figures) for device in devices.values()] == [2, 1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((ROW.format(depth=1.5, seconds=1),), ":2: depth must be a whole number, got 1.5"),
        ((ROW.format(depth=-1, seconds=1),), ":2: depth must be in 0"),
        ((ROW.format(depth=0, seconds="x"),), ":2: seconds_per_batch must be a number, got 'x'"),
        ((ROW.format(depth=0, seconds=-1),), ":2: seconds_per_batch must be in 0"),
        ((ROW.format(depth=0, seconds=0),), ":2: seconds_per_batch must be above 0"),
        ((ROW.format(depth=0, seconds="nan"),), ":2: seconds_per_batch must be in 0"),
        ((ROW.format(depth=0, seconds=1).replace("adapter", "lora"),), ":2: row must be one of"),
        ((ROW.format(depth=0, seconds=1).replace("phone", ""),), ":2: device must have a name"),
        (
            (ROW.format(depth=0, seconds=1), ROW.format(depth=1, seconds=1).replace(",5,", ",6,")),
            ":3: device phone: compute_w must be the same in every row",
        ),
        (
            (ROW.format(depth=0, seconds=1), ROW.format(depth=0, seconds=2)),
            ":3: device phone has row adapter at depth 0 twice",
        ),
        (
            (ROW.format(depth=1, seconds=1).replace(",1,,,1,", ",1,ia3,,1,"),),
            ":2: tuning must be adapter, lora or empty, got 'ia3'",
        ),
        (
            (ROW.format(depth=1, seconds=1).replace(",1,,,1,", ",1,,4,1,"),),
            ":2: size must have its tuning (adapter or lora) beside it, got 4",
        ),
        (("phone,,,,full,,lora,,1,,,,,",), ":2: tuning and size must be empty in row full"),
        ((), "needs a header and at least one row"),
    ],
)
def test_a_bad_table_is_refused_with_line_and_rule(
    tmp_path: Path, rows: tuple[str, ...], message: str
) -> None:
    with pytest.raises(TraceError) as caught:
        loaded(tmp_path, HEADER, *rows)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("device,seconds", "needs a column 'seconds_per_batch', has device, seconds"),
        ("device,seconds_per_batch,watts", "column 'watts' must be one of device, model"),
        ("device,seconds_per_batch,device", "column 'device' is there twice"),
    ],
)
def test_a_column_that_is_missing_or_unknown_is_refused(
    tmp_path: Path, header: str, message: str
) -> None:
    with pytest.raises(TraceError) as caught:
        loaded(tmp_path, header, "a,1,1"[: 2 * header.count(",") + 1])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ("device;seconds_per_batch;memory_gb", "pixel;1.234;5,3", "seconds_per_batch"),
        ("device;batch_size;tokens;seconds_per_batch", "phone;4;1.024;0,25", "tokens"),
    ],
)
def test_a_point_beside_decimal_commas_is_refused(
    tmp_path: Path, header: str, row: str, column: str
) -> None:
    message = rf":2: {column} has a point where the decimal sign is a comma, got 1\.\d+: thousands"
    with pytest.raises(TraceError, match=message):
        loaded(tmp_path, header, row)
