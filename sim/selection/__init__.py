"""Client selection policies: which of the available clients take part in a round.

A policy is a frozen dataclass of its parameters. Its method `choose(context, n, history)` is a pure
function and returns at most n client ids, in order of preference. `needs_history`: it reads the
history. `needs_feedback`: it reads training losses, so that every aggregation must be trained.
"""

from __future__ import annotations

from .available import Available
from .client_history import ClientHistory
from .context import SelectionContext
from .fedcs import FedCs
from .oort import Oort
from .pools import split_into_pools
from .power_of_choice import PowerOfChoice
from .tifl import TiFL
from .uniform import Uniform

Selection = Uniform | Available | FedCs | TiFL | PowerOfChoice | Oort
"""The policies that a scenario can name."""

__all__ = ["ClientHistory", "Selection", "SelectionContext", "Uniform", "split_into_pools"]
