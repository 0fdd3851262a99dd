"""Which tuning configuration next: pure decisions."""

from .bandit import Bandit
from .fixed import Fixed
from .progressive import Progressive
from .protocol import Configurator
from .schedule import Schedule
from .search import Search
from .sideline import Sideline

Growing = Sideline | Progressive | Search | Bandit
"""Policies that move through a space of configurations."""

Drawing = Search | Bandit
"""Policies that draw."""

Configuration = Fixed | Schedule | Sideline | Progressive | Search | Bandit
"""Every policy that a scenario can name. A new one is one line here."""

__all__ = [
    "Bandit",
    "Configuration",
    "Configurator",
    "Drawing",
    "Fixed",
    "Growing",
    "Progressive",
    "Schedule",
    "Search",
    "Sideline",
]
