"""The price of one training step on a device, with and without stored activations."""

from __future__ import annotations

from typing import NamedTuple

from learner.plan import Part
from learner.spec import AddOn, tuned_depth
from traces.profiles import DeviceProfile

from .protocol import CostModel


class StepPrice(NamedTuple):
    """Seconds of one step on a device.

    `depth`: the client runs the tuned or adapted layers above it from stored activations.
    `plain_s`: without a cache. `hit_s`, `miss_s`: with all activations stored, and with none.
    `n_frozen`: the number of layers below `depth`. `has_cache`: the configuration can train from
    stored activations.
    """

    depth: int
    n_frozen: int
    plain_s: float
    hit_s: float
    miss_s: float
    has_cache: bool

    def hits_s(self, stored_depth: int) -> float:
        """Seconds of a step whose texts are all stored for this depth, at least the own one."""
        if stored_depth == self.depth:
            return self.hit_s
        return self.hit_s + (self.miss_s - self.hit_s) * (stored_depth - self.depth) / self.n_frozen

    def above(self, depth: int) -> StepPrice:
        """The price if activations are stored only below this larger depth: of the layers between,
        each step runs the forward pass."""
        if depth == self.depth:
            return self
        n_layers = self.depth + self.n_frozen
        return self._replace(depth=depth, n_frozen=n_layers - depth, hit_s=self.hits_s(depth))


def step_price(
    cost: CostModel, device: DeviceProfile, part: Part, *, n_layers: int, has_cache: bool
) -> StepPrice:
    """The price of a step of training this part. n_layers: the model's. has_cache: clients store
    activations; without, a device need not be measured with them."""
    depth = tuned_depth(part.config, n_layers)
    has_cache = has_cache and isinstance(part.config, AddOn)
    miss_s = cost.compute_s(device, part.config, 1, "none")
    own = StepPrice(
        depth=depth,
        n_frozen=n_layers - depth,
        plain_s=miss_s,
        hit_s=cost.compute_s(device, part.config, 1, "hit") if has_cache else miss_s,
        miss_s=miss_s,
        has_cache=has_cache,
    )
    return own.above(tuned_depth(part.received, n_layers))
