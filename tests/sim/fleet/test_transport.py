"""TCP transfers by hand: windows, round trips and the rate of the link."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.fleet.link import OneWay
from sim.fleet.transport import Fluid, SlowStart, Tcp
from traces.step import StepTrace, constant

# First window 100 bytes; a round trip takes 1 s.
SLOW = SlowStart(first_window_bytes=100, lead_round_trips=0.0)


def _link(rate: float, slow: SlowStart = SLOW, round_trip_s: float = 1.0) -> OneWay:
    return OneWay(constant(rate), round_trip_s, slow_start=slow)


@pytest.mark.parametrize(
    ("n_bytes", "seconds"),
    [
        (100, 0.1 + 0.5),  # one window at 1000 bytes/s, then half a round trip
        (300, 1.0 + 0.2 + 0.5),  # the second window, of 200 bytes, starts a round trip later
        (700, 2.0 + 0.4 + 0.5),
        (2500, 4.0 + 1.0 + 0.5),  # from 4 s on a window of 1600 bytes fills the link
        (0, 0.5),
    ],
)
def test_windows_double_until_the_link_is_full(n_bytes: int, seconds: float) -> None:
    assert _link(1000.0).time_for(0.0, n_bytes) == pytest.approx(seconds)


def test_a_slow_link_is_full_from_the_start() -> None:
    assert _link(50.0).time_for(0.0, 1000) == pytest.approx(20.0 + 0.5)


def test_connection_tls_and_request_take_round_trips() -> None:
    tcp = Tcp(kind="tcp", connection="each", tls_round_trips=1, download="pull")
    link = _link(1e9, tcp.slow_start(is_download=True), 0.1)
    assert link.time_for(0.0, 1000) == pytest.approx(0.1 * (1 + 1 + 0.5 + 0.5), abs=1e-5)
    link = _link(1e9, tcp.slow_start(is_download=False), 0.1)
    assert link.time_for(0.0, 1000) == pytest.approx(0.1 * (1 + 1 + 0.5), abs=1e-5)


def test_headers_take_66_bytes_a_segment() -> None:
    assert Tcp(kind="tcp").payload_share == pytest.approx(1 / 1.0456, rel=1e-4)
    assert Fluid().payload_share == 1.0


def test_tls_needs_a_connection_for_each_transfer() -> None:
    with pytest.raises(ValueError, match="tls_round_trips must be 0"):
        Tcp(kind="tcp", tls_round_trips=1)


def test_an_outage_at_the_start_is_waited_for() -> None:
    trace = StepTrace(times_s=np.array([0.0, 3.0]), values=np.array([0.0, 1000.0]), period_s=10.0)
    link = OneWay(trace, 1.0, slow_start=SLOW)
    assert link.time_for(0.0, 500) == pytest.approx(3.0 + 0.5 + 0.5)


RATES = st.lists(st.floats(0.0, 2000.0), min_size=1, max_size=6).filter(lambda own: sum(own) > 1)


@given(
    rates=RATES,
    start_s=st.floats(0.0, 20.0),
    n_bytes=st.floats(1.0, 5e3),
    round_trip_s=st.floats(0.0, 2.0),
    lead=st.sampled_from([0.0, 0.5, 2.5]),
)
def test_what_has_arrived_at_the_end_is_what_was_sent(
    rates: list[float], start_s: float, n_bytes: float, round_trip_s: float, lead: float
) -> None:
    trace = StepTrace(
        times_s=np.arange(len(rates), dtype=float), values=np.array(rates), period_s=len(rates)
    )
    slow = SlowStart(first_window_bytes=100, lead_round_trips=lead)
    link = OneWay(trace, round_trip_s, slow_start=slow)
    seconds = link.time_for(start_s, n_bytes)
    assert link.done_by(start_s, start_s + seconds) == pytest.approx(n_bytes, rel=1e-6, abs=1e-3)
    assert link.time_for(start_s, n_bytes * 1.1) >= seconds - 1e-9
    assert seconds >= trace.time_to_accumulate(start_s, n_bytes) - 1e-9
