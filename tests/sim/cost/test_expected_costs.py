"""Step prices and expected jobs, by hand, with a cost model of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from learner.plan import Part
from learner.spec import Freeze, TuningConfig
from sim.cost.estimate import expected_job, sampled_ids, sampled_s
from sim.cost.own_devices import OwnDevices
from sim.cost.step_price import StepPrice, step_price
from sim.fleet.client import CacheState
from sim.fleet.link import Link, OneWay
from sim.scenario.scenario import Exchange
from tests.sim.cost.by_hand import (
    LARGE,
    N_LAYERS,
    PI,
    SMALL,
    TX2,
    Whole,
    clients,
)
from traces.profiles import DeviceProfile
from traces.step import StepTrace, constant


def price(part: Part, has_cache: bool = True) -> StepPrice:
    return step_price(Whole(), TX2, part, n_layers=N_LAYERS, has_cache=has_cache)


def test_a_step_has_a_price_with_stored_activations_and_without() -> None:
    expected = StepPrice(depth=2, n_frozen=10, plain_s=7.0, hit_s=2.0, miss_s=7.0, has_cache=True)
    assert price(Part(config=SMALL)) == expected
    assert price(Part(config=SMALL), has_cache=False) == expected._replace(
        hit_s=7.0, has_cache=False
    )


def test_tuned_layers_without_adapters_store_nothing() -> None:
    found = price(Part(config=Freeze(depth=2)))
    assert (found.hit_s, found.miss_s, found.has_cache) == (7.0, 7.0, False)


def test_activations_below_a_larger_depth_leave_the_layers_between_to_compute() -> None:
    found = price(Part(config=SMALL))
    assert [found.hits_s(depth) for depth in (2, 7, 12)] == [2.0, 4.5, 7.0]
    assert found.above(2) is found
    assert found.above(7) == found._replace(depth=7, n_frozen=5, hit_s=4.5)
    whole = price(Part(config=SMALL, whole=LARGE, runs="whole"))
    assert (whole.depth, whole.n_frozen, whole.hit_s, whole.plain_s) == (4, 8, 3.0, 7.0)


def test_an_expected_job_is_download_work_and_upload_at_mean_rates() -> None:
    exchange = Exchange(down_bits=8, up_bits=4)
    # down 2,000 x 8/32 = 500 bytes in 5 s, up 2,000 x 4/32 = 250 in 5 s; 3 steps of 2 s, twice as
    # fast: 3 s; 2 x 3 + 3 x 10 J
    found = expected_job(
        Whole(), exchange, clients(TX2, own_speed=2.0), Part(config=SMALL), N_LAYERS
    )
    assert (found.seconds.tolist(), found.joules.tolist()) == ([13.0], [36.0])
    assert found.n_bytes == 750


def test_a_part_of_a_whole_is_downloaded_whole_and_uploaded_in_part() -> None:
    part = Part(config=SMALL, whole=LARGE, runs="whole")
    found = expected_job(Whole(), Exchange(), clients(TX2, PI), part, N_LAYERS)
    assert found.n_bytes == 4000 + 2000
    assert found.seconds.tolist() == [40.0 + 3 * 3.0 + 40.0] * 2


def test_without_adapters_no_step_is_expected_to_find_activations() -> None:
    found = expected_job(Whole(), Exchange(), clients(TX2), Part(config=Freeze(depth=2)), N_LAYERS)
    assert found.seconds.tolist() == [20.0 + 3 * 7.0 + 40.0]


def test_a_round_waits_for_transfers_that_begin_at_bad_instants() -> None:
    """190 bytes/s for 10,000 s, then 10: 2,000 bytes take 10.5 or 200 s, and 20 at the mean."""
    times_s, rates = np.array([0.0, 10_000.0]), np.array([190.0, 10.0])
    trace = StepTrace(times_s=times_s, values=rates, period_s=20_000.0)
    own = [replace(one, link=Link(OneWay(trace), OneWay(constant(1e12)))) for one in clients(TX2)]
    sampled = sampled_s(own, expected_job(Whole(), Exchange(), own, Part(config=SMALL), N_LAYERS))
    work_s = 3 * 2.0
    assert sampled.min() == pytest.approx(work_s + 2000 / 190, rel=1e-3)
    assert sampled.max() == pytest.approx(work_s + 200.0, rel=1e-3)
    assert sampled.mean() == pytest.approx(
        work_s + (2000 / 190 + 200.0) / 2, rel=0.15
    )  # 7 of 16 are bad


def test_an_upload_is_sampled_at_the_instant_before_that_of_its_download() -> None:
    times_s, rates = np.array([0.0, 1_000.0]), np.array([190.0, 10.0])
    trace = StepTrace(times_s=times_s, values=rates, period_s=2_000.0)
    (own,) = [replace(one, link=Link(OneWay(trace), OneWay(trace))) for one in clients(TX2)]
    job = expected_job(Whole(), Exchange(), [own], Part(config=SMALL), N_LAYERS)
    ((first_s, second_s, *_),) = sampled_s([own], job)
    starts_s = [i * 0.6180339887498949 % 1.0 * 2_000.0 for i in (0, 1, 15)]
    transfers_s = [own.link.up.time_for(start_s, 2000) for start_s in starts_s]
    assert first_s == pytest.approx(6.0 + transfers_s[0] + transfers_s[2])
    assert second_s == pytest.approx(6.0 + transfers_s[1] + transfers_s[0])


def test_transfers_over_a_trace_that_ends_are_at_its_mean_rate() -> None:
    times_s, rates = np.array([0.0, 1_000.0]), np.array([190.0, 10.0])
    trace = StepTrace(times_s=times_s, values=rates, period_s=2_000.0, end_rule="hold")
    own = [replace(one, link=Link(OneWay(trace), OneWay(constant(1e12)))) for one in clients(TX2)]
    sampled = sampled_s(own, expected_job(Whole(), Exchange(), own, Part(config=SMALL), N_LAYERS))
    assert np.unique(sampled) == pytest.approx([6.0 + 2000 / trace.mean])


def test_many_clients_are_sampled_evenly() -> None:
    assert sampled_ids(3).tolist() == [0, 1, 2]
    ids = sampled_ids(1_000_000)
    assert len(ids) == 128
    assert np.diff(ids).min() >= 7812


@pytest.mark.parametrize(("basis", "speed"), [("measured", 2), ("scaled", 4), ("published", 1)])
def test_a_device_is_asked_by_what_its_figures_are_based_on(basis: str, speed: int) -> None:
    device = replace(TX2, basis=basis)  # type: ignore[arg-type]

    @dataclass(frozen=True)
    class Fast(Whole):
        def compute_s(
            self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
        ) -> float:
            assert device.basis == basis
            return Whole().compute_s(PI, config, batches, cache) / self.speed

        def memory_bytes(
            self, device: DeviceProfile, config: TuningConfig, cache: CacheState
        ) -> int:
            assert device.basis == basis
            return Whole().memory_bytes(device, config, cache) // self.speed

        def energy_j(self, device: DeviceProfile, compute_s: float, radio_s: float) -> float:
            assert device.basis == basis
            return super().energy_j(device, compute_s, radio_s)

    own = OwnDevices(published=Fast(1), measured=Fast(2), scaled=Fast(4))
    assert own.compute_s(device, SMALL, 2, "none") == 14.0 / speed
    assert own.memory_bytes(device, SMALL, "none") == 3 * 10**9 // speed
    assert (own.payload_bytes(SMALL), own.payload_bytes(SMALL, 8)) == (2000, 500)
    assert own.energy_j(device, 1.0, 2.0) == 8.0
