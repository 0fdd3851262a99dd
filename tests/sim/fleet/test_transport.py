"""TCP transfers by hand: windows, round trips and the rate of the link."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.fleet.link import OneWay
from sim.fleet.transport import Fluid, SlowStart, Tcp
from sim.scenario.network import ConstantNetwork, TraceNetwork
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
    complaint = (
        r"^tls_round_trips must be 0 for a connection that is kept \(connection: kept\), got 1$"
    )
    with pytest.raises(ValueError, match=complaint):
        Tcp(kind="tcp", tls_round_trips=1)


def test_an_outage_at_the_start_is_waited_for() -> None:
    trace = StepTrace(times_s=np.array([0.0, 3.0]), values=np.array([0.0, 1000.0]), period_s=10.0)
    link = OneWay(trace, 1.0, slow_start=SLOW)
    assert link.time_for(0.0, 500) == pytest.approx(3.0 + 0.5 + 0.5)


def test_a_transfer_meets_its_trace_at_an_offset() -> None:
    # nothing for 3 s, then 1000 bytes/s; at 2 s the client is at 3 s of the trace
    trace = StepTrace(times_s=np.array([0.0, 3.0]), values=np.array([0.0, 1000.0]), period_s=10.0)
    link = OneWay(trace, 1.0, offset_s=1.0, slow_start=SLOW)
    assert link.time_for(2.0, 100) == pytest.approx(0.1 + 0.5)
    assert link.done_by(2.0, 2.0 + 0.05 + 0.5) == pytest.approx(50.0)
    assert link.done_by(2.0, 2.9 + 0.5) == pytest.approx(100.0)  # the next window comes at 3 s
    assert link.done_by(2.0, 3.1 + 0.5) == pytest.approx(200.0)


def test_a_window_that_the_link_never_delivers_does_not_hold_up_what_it_does() -> None:
    ends = StepTrace(
        times_s=np.array([0.0, 1.0]), values=np.array([60.0, 0.0]), period_s=2.0, end_rule="hold"
    )
    assert OneWay(ends, 0.5, slow_start=SLOW).time_for(0.0, 30) == pytest.approx(0.5 + 0.25)


def test_what_opens_a_connection_and_asks_takes_round_trips_before_the_first_byte() -> None:
    kept, opened = Tcp(kind="tcp"), Tcp(kind="tcp", connection="each", tls_round_trips=2)
    pulled = Tcp(kind="tcp", download="pull")
    leads = [one.slow_start(True).lead_round_trips for one in (kept, opened, pulled)]
    assert leads == [0.0, 3.0, 0.5]
    assert pulled.slow_start(False).lead_round_trips == 0.0
    assert kept.slow_start(True).first_window_bytes == 10 * 1448


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [
        ("header_bytes", 0, None),
        ("segment_bytes", 1, None),
        ("initial_segments", 1, None),
        ("tls_round_trips", 0, 4),
    ],
)
def test_the_limits_of_tcp_are_named(key: str, least: int, most: int | None) -> None:
    def tcp(value: int) -> Tcp:
        return Tcp(kind="tcp", connection="each", **{key: value})  # type: ignore[arg-type]

    assert getattr(tcp(least), key) == least
    with pytest.raises(ValueError, match=f"{key} must be .*{least}.*, got {least - 1}"):
        tcp(least - 1)
    if most is not None:
        assert getattr(tcp(most), key) == most
        with pytest.raises(
            ValueError, match=f"{key} must be from {least} to {most}, got {most + 1}"
        ):
            tcp(most + 1)


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


def test_traces_are_met_by_tcp_and_stated_rates_are_of_payload() -> None:
    trace = TraceNetwork(kind="trace", downlink="lte.down", uplink="lte.up")
    constant = ConstantNetwork(kind="constant", down_mbytes_per_s=1, up_mbytes_per_s=1)
    assert (trace.transport, constant.transport) == (Tcp(), Fluid())
