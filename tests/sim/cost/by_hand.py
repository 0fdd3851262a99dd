"""A cost model of whole numbers, and clients, for costs computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from learner.spec import Adapter, Bits, Shard, TuningConfig, tuned_depth
from sim.cost.eligibility import Eligibility
from sim.cost.plan_costs import PlanCosts
from sim.cost.protocol import CostModel
from sim.fleet.activation_cache import ActivationCache
from sim.fleet.availability import ClientAvailability
from sim.fleet.client import CacheState, Client
from sim.fleet.device import Device
from sim.fleet.link import Link, OneWay
from sim.scenario.scenario import Exchange, Rounds
from traces.availability import always
from traces.profiles import DeviceProfile, device_profile
from traces.step import constant

N_LAYERS = 12
TX2, PI = device_profile("jetson-tx2"), device_profile("raspberry-pi-4b")
SMALL, LARGE = Adapter(depth=2, width=8), Adapter(depth=4, width=16)


@dataclass(frozen=True)
class Whole:
    """A tuned layer takes 1 s a step and a frozen one half a second unless its output is stored;
    TX2s are `speed` times as fast as others. 1,000 bytes a tuned layer at 32 bits, and 1 GB."""

    speed: int = 1
    seconds_a_joule: float = 0.5

    def compute_s(
        self, device: DeviceProfile, config: TuningConfig, batches: int, cache: CacheState
    ) -> float:
        depth = tuned_depth(config, N_LAYERS)
        frozen_s = {"hit": 0.0, "none": 0.5, "fill": 0.5}[cache] * (N_LAYERS - depth)
        return batches * (depth + frozen_s) / (self.speed if device == TX2 else 1)

    def payload_bytes(self, config: TuningConfig, bits: Bits = 32) -> int:
        return 1000 * tuned_depth(config, N_LAYERS) * bits // 32

    def memory_bytes(self, device: DeviceProfile, config: TuningConfig, cache: CacheState) -> int:
        is_full = {"hit": 0, "none": 1}[cache]
        return (tuned_depth(config, N_LAYERS) + is_full) * 10**9

    def energy_j(self, device: DeviceProfile, compute_s: float, radio_s: float) -> float:
        return 2.0 * compute_s + 3.0 * radio_s


WHOLE = Whole()


def clients(*profiles: DeviceProfile, own_speed: float = 1.0) -> list[Client]:
    """Three steps a round; 100 bytes/s down and 50 up; activations are stored."""
    link = Link(OneWay(constant(100.0)), OneWay(constant(50.0)))
    return [
        Client(
            shard=Shard(client_id=i, n_samples=10 + i, digest=str(i)),
            device=Device(profile, own_speed=own_speed),
            link=link,
            n_batches=3,
            availability=ClientAvailability(always),
            cache=ActivationCache(10 + i, bytes_per_text=1),
        )
        for i, profile in enumerate(profiles)
    ]


def plan_costs(
    *profiles: DeviceProfile,
    share: float | None = None,
    misses: bool = False,
    speed: int = 1,
    rounds: Rounds | None = None,
) -> PlanCosts:
    return costs_of(clients(*profiles), share, misses, Whole(speed), rounds)


def costs_of(
    own: Sequence[Client],
    share: float | None = None,
    misses: bool = False,
    cost: CostModel = WHOLE,
    rounds: Rounds | None = None,
) -> PlanCosts:
    return PlanCosts(
        cost=cost,
        exchange=Exchange(),
        clients=own,
        eligibility=Eligibility(cost=cost, clients=own, memory_share=share, price_misses=misses),
        n_layers=N_LAYERS,
        rounds=rounds or Rounds(participants=2),
    )
