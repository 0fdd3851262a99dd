"""Configurators: policies that choose which tuning configurations are trained and compared."""

from .bandit import Bandit
from .fixed import Fixed
from .progressive import Progressive
from .protocol import Configurator
from .schedule import Schedule
from .search import Search
from .sideline import Sideline

Growing = Sideline | Progressive | Search | Bandit
"""Policies with a `space` of configurations, in which they grow."""

Drawing = Search | Bandit
"""Policies with a `seed` for random draws."""

Configuration = Fixed | Schedule | Sideline | Progressive | Search | Bandit
"""The policies that a scenario can name."""

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
