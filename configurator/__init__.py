"""Which tuning configuration next: pure decisions."""

from .fixed import Fixed
from .protocol import Configurator
from .schedule import Schedule
from .sideline import Sideline

Configuration = Fixed | Schedule | Sideline
"""Every policy that a scenario can name. A new one is one line here."""

__all__ = ["Configuration", "Configurator", "Fixed", "Schedule", "Sideline"]
