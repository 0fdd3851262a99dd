"""Device profiles: the published figures bit for bit, and what lies between them."""

import pytest

from traces.profiles import (
    DeviceProfile,
    device_names,
    device_profile,
    peak_memory_bytes,
    seconds_per_batch,
)
from traces.published import BERT_BASE, DISTILBERT

TX2 = device_profile("jetson-tx2")


def test_the_tx2_has_the_published_seconds_bit_for_bit() -> None:
    full = [seconds_per_batch(TX2, "full", depth) for depth in range(13)]
    assert full == [
        *(0.5325, 0.612, 0.696, 0.791, 0.883, 0.9713, 1.064),
        *(1.156, 1.2465, 1.33, 1.419, 1.51, 1.7),
    ]
    cached = [seconds_per_batch(TX2, "adapter_cached", depth) for depth in (0, 1, 6, 12)]
    assert cached == [0.02, 0.09, 0.54, 1.08]
    assert [seconds_per_batch(TX2, "adapter", depth) for depth in (0, 1, 7)] == [0.57, 0.57, 0.84]


def test_the_other_boards_are_multiples_of_the_tx2() -> None:
    for depth in range(13):
        tx2_s = seconds_per_batch(TX2, "adapter", depth)
        assert seconds_per_batch(device_profile("jetson-nano"), "adapter", depth) == 2 * tx2_s
        assert seconds_per_batch(device_profile("raspberry-pi-4b"), "adapter", depth) == 20 * tx2_s


def test_between_two_depths_the_seconds_are_linear() -> None:
    assert seconds_per_batch(TX2, "adapter_cached", 2.5) == pytest.approx(0.225, rel=1e-12)
    assert seconds_per_batch(TX2, "full", 11.25) == pytest.approx(1.5575, rel=1e-12)


def test_distilbert_was_measured_on_the_raspberry_pi() -> None:
    pi = device_profile("raspberry-pi-4b", model="distilbert")
    assert [seconds_per_batch(pi, "full", d) for d in (0, 6)] == [5.28, 18.27]
    assert seconds_per_batch(pi, "full_cached", 1) == 2.88
    assert seconds_per_batch(pi, "adapter", 6) == 11.65
    assert seconds_per_batch(pi, "adapter_cached", 0) == 0.15
    tx2 = device_profile("jetson-tx2", model="distilbert")
    assert seconds_per_batch(tx2, "full", 6) == pytest.approx(18.27 / 20, rel=1e-15)


def test_every_row_covers_every_depth() -> None:
    for table, n_layers in ((BERT_BASE, 12), (DISTILBERT, 6)):
        assert table.n_layers == n_layers
        for values in (*table.seconds.values(), *table.memory_gb.values()):
            assert len(values) == n_layers + 1


def test_memory_and_power_are_the_published_ones() -> None:
    assert peak_memory_bytes(TX2, "full", 12) == 5.3e9
    assert peak_memory_bytes(TX2, "adapter_cached", 0) == 0.72e9
    assert (TX2.compute_w, TX2.radio_w) == (12.0, 4.0)


def test_every_board_states_its_sources() -> None:
    assert device_names() == ("jetson-tx2", "jetson-nano", "raspberry-pi-4b")
    for name in device_names():
        assert any("power" in source for source in device_profile(name).sources)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"unknown device 'jetson-tx'; nearest: jetson-tx2"):
        device_profile("jetson-tx")
    with pytest.raises(ValueError, match="no latency table of model 'gpt'"):
        device_profile("jetson-tx2", model="gpt")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no row 'full_cached'"):
        seconds_per_batch(TX2, "full_cached", 1)


@pytest.mark.parametrize("depth", [-0.5, 12.5, float("nan")])
def test_a_depth_outside_the_table_is_refused(depth: float) -> None:
    with pytest.raises(ValueError, match=r"depth must be in 0\.\.12"):
        seconds_per_batch(TX2, "full", depth)


@pytest.mark.parametrize(
    ("field", "value"), [("factor", 0.0), ("compute_w", -1.0), ("radio_w", 1e999)]
)
def test_an_impossible_device_is_refused(field: str, value: float) -> None:
    fields = {"factor": 1.0, "compute_w": 1.0, "radio_w": 1.0} | {field: value}
    with pytest.raises(ValueError, match=rf"toy\.{field}"):
        DeviceProfile(
            name="toy",
            factor=fields["factor"],
            compute_w=fields["compute_w"],
            radio_w=fields["radio_w"],
        )
