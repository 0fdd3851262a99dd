"""A user's own device measurements."""

from pathlib import Path

import pytest

from traces.device_csv import COLUMNS, load_devices, to_csv
from traces.profiles import device_profile, peak_memory_bytes, seconds_per_batch
from traces.recording import TraceError

HEADER = ",".join(COLUMNS)
ROW = "phone,tiny,8,64,adapter,{depth},{seconds},,5,1"


def loaded(tmp_path: Path, *rows: str) -> object:
    path = tmp_path / "devices.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n")
    return load_devices(path)


def test_profiles_survive_the_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv"
    boards = [device_profile("jetson-nano"), device_profile("raspberry-pi-4b", "distilbert")]
    path.write_text(to_csv(boards))
    again = load_devices(path)
    assert list(again) == ["jetson-nano", "raspberry-pi-4b"]
    for board in boards:
        twin = again[board.name]
        assert (twin.compute_w, twin.radio_w) == (board.compute_w, board.radio_w)
        assert (twin.table.batch_size, twin.table.tokens) == (4, 256)
        for row in board.table.seconds:
            for depth in range(board.table.n_layers + 1):
                expected = seconds_per_batch(board, row, depth)
                assert seconds_per_batch(twin, row, depth) == expected
    assert peak_memory_bytes(again["jetson-nano"], "adapter", 12) == 3.8e9


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((ROW.format(depth=1, seconds=1),), ":2: depths of a row must run from 0"),
        ((ROW.format(depth=0, seconds="x"),), ":2: seconds_per_batch must be a number, got 'x'"),
        ((ROW.format(depth=0, seconds=-1),), ":2: seconds_per_batch must be in 0"),
        ((ROW.format(depth=0, seconds=1).replace("adapter", "lora"),), ":2: row must be one of"),
        (
            (ROW.format(depth=0, seconds=1), ROW.format(depth=1, seconds=1).replace(",5,", ",6,")),
            ":3: device phone: compute_w must be the same in every row",
        ),
        ((), "needs a header and at least one row"),
    ],
)
def test_a_bad_table_is_refused_with_line_and_rule(
    tmp_path: Path, rows: tuple[str, ...], message: str
) -> None:
    with pytest.raises(TraceError) as caught:
        loaded(tmp_path, *rows)
    assert message in str(caught.value)
