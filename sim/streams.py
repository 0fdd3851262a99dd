"""Keyed random numbers: a draw is a hash of the seed, a purpose and integer keys (client ids, ...).

No draw depends on how many were made before it. Another client or policy therefore leaves all other
draws as they were, and policies are compared on common random numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, the increment of splitmix64
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_MOST_SEED = 2**63 - 1
_ONE, _11, _27, _30, _31 = (np.uint64(n) for n in (1, 11, 27, 30, 31))


def whole_seed(seed: object) -> int:
    """A seed as an int. Raises ValueError if it is not a whole number from 0 to 2**63 - 1.

    >>> whole_seed(np.int64(3))
    3
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number of at least 0, got {seed!r}")
    if seed > _MOST_SEED:  # the manifest of such a run could not be read again
        raise ValueError(f"seed must be at most {_MOST_SEED}, got {seed}")
    return int(seed)


@dataclass(frozen=True, slots=True)
class Streams:
    """The random numbers of one run with this seed.

    `purpose` names what a draw is for ("cohort", "jitter"). `keys` say for which case it is drawn,
    for example the lineage round and the attempt.
    """

    seed: int

    def key(self, purpose: str, *keys: int) -> int:
        """A 64-bit integer, for example the seed of a job."""
        text = f"{self.seed}/{purpose}/" + "/".join(map(str, keys))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")

    def uniform(
        self, purpose: str, *keys: int, ids: Sequence[int] | NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """One draw in [0, 1) for each id, by one vectorised hash (splitmix64's finaliser)."""
        z = np.array(ids, dtype=np.uint64)  # arrays wrap around without a warning
        z += _ONE
        z *= _GOLDEN
        z += np.uint64(self.key(purpose, *keys))
        z ^= z >> _30
        z *= _MIX_1
        z ^= z >> _27
        z *= _MIX_2
        z ^= z >> _31
        z >>= _11
        return z.astype(np.float64) * 2.0**-53

    def order(self, purpose: str, *keys: int, ids: Sequence[int] | NDArray[np.int64]) -> list[int]:
        """The ids in random order, by rising draw; equal draws by id."""
        draws = self.uniform(purpose, *keys, ids=ids)
        own = np.asarray(ids)
        ordered: list[int] = own[np.lexsort((own, draws))].tolist()
        return ordered

    def generator(self, purpose: str, *keys: int) -> np.random.Generator:
        """A generator for code that draws many numbers at once, such as a synthetic trace."""
        return np.random.Generator(np.random.Philox(self.key(purpose, *keys)))
