"""Configurators: policies that choose which tuning configurations are trained and compared."""

from .bandit import Bandit
from .by_device import ByDevice
from .dev_ft import DevFt
from .fes import Fes
from .fixed import Fixed
from .forecast import Forecast
from .het_lora import HetLora
from .legend import Legend
from .nested import Nested
from .progressive import Progressive
from .protocol import Configurator
from .schedule import Schedule
from .search import Search
from .sideline import Sideline

Growing = Sideline | Progressive | Search | Bandit | Fes | Nested
"""Policies with a `start` and a `space` of configurations, in which they grow."""

Drawing = Search | Bandit
"""Policies with a `seed` for random draws."""

Configuration = (
    Fixed
    | Schedule
    | Sideline
    | Progressive
    | Search
    | Bandit
    | ByDevice
    | Nested
    | Legend
    | HetLora
    | DevFt
    | Fes
    | Forecast
)
"""The policies that a scenario can name."""

__all__ = [
    "Bandit",
    "ByDevice",
    "Configuration",
    "Configurator",
    "DevFt",
    "Drawing",
    "Fes",
    "Fixed",
    "Forecast",
    "Growing",
    "HetLora",
    "Legend",
    "Nested",
    "Progressive",
    "Schedule",
    "Search",
    "Sideline",
]
