"""The type of the engine's SimPy processes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simpy import Event

Process = Generator[Event, Any, Any]
"""A generator that yields the events that it waits for; what it returns is the process's value."""
