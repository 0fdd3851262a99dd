"""Network namespaces and the links between them; every name begins with the world's prefix.

A client's link is a pair of virtual Ethernet devices, or with a round-trip delay two TAP devices
whose frames a forwarder passes on later (fidelity.forwarder). The server is at the other end; with
a link of its own, a router stands between it and the clients. Token buckets (fidelity.shaper) sit
on the sending end of every direction.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import call

_RUN_DIR = Path("/run/netns")
SERVER_NET = 250
"""The third byte of the subnet between the server and the router; clients have their own ids."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a link: a device, its namespace, and the address at the other end."""

    namespace: str
    device: str
    peer_address: str


@dataclass(frozen=True, slots=True)
class Cable:
    """A link between an upper end, near the server, and a lower one, near a client."""

    upper: End
    lower: End


def create_namespace(name: str) -> None:
    """A namespace with a loopback device and without IPv6, so that only our traffic is in it.

    Connections that choose no congestion control use Reno, whatever the machine's default: it
    begins, and begins again after a pause, as the transport model says (BBR does not). What one
    run's connections have learnt of a link is forgotten before the next.
    """
    call("ip", "netns", "add", name)
    call("ip", "-n", name, "link", "set", "lo", "up")
    inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
    inside(name, "sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno")
    inside(name, "sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1")


def inside(name: str, *command: str) -> None:
    """Run a command in a namespace."""
    call("ip", "netns", "exec", name, *command)


def addresses(net: int) -> tuple[str, str]:
    """The addresses of the upper and the lower end of a cable."""
    return f"10.77.{net}.1", f"10.77.{net}.2"


def cable(prefix: str, net: int, upper: str, lower: str) -> Cable:
    """The description of a cable between two namespaces; nothing is created."""
    above, below = addresses(net)
    return Cable(End(upper, f"{prefix}u{net}", below), End(lower, f"{prefix}d{net}", above))


def create_pair(between: Cable) -> None:
    """Create the cable's devices as a veth pair."""
    up, down = between.upper, between.lower
    call(
        *("ip", "link", "add", up.device, "netns", up.namespace, "type", "veth"),
        *("peer", "name", down.device, "netns", down.namespace),
    )


def move_taps(between: Cable) -> None:
    """Move the TAP devices of a forwarder into their namespaces."""
    for end in (between.upper, between.lower):
        call("ip", "link", "set", end.device, "netns", end.namespace)


def bring_up(between: Cable) -> None:
    """Give both ends their addresses and switch them on."""
    for end, own in (
        (between.upper, between.lower.peer_address),
        (between.lower, between.upper.peer_address),
    ):
        call("ip", "-n", end.namespace, "addr", "add", f"{own}/24", "dev", end.device)
        call("ip", "-n", end.namespace, "link", "set", end.device, "up")


def set_router(name: str) -> None:
    """Let a namespace forward packets."""
    inside(name, "sysctl", "-qw", "net.ipv4.ip_forward=1")


def add_default_route(name: str, gateway: str) -> None:
    """Send what is for other subnets to the gateway."""
    call("ip", "-n", name, "route", "add", "default", "via", gateway)


def remove_namespaces(prefix: str) -> None:
    """Remove the namespaces of this prefix, with their devices; also those of a killed run."""
    for path in sorted(_RUN_DIR.glob(f"{prefix}-*")) if _RUN_DIR.is_dir() else ():
        subprocess.run(["ip", "netns", "delete", path.name], capture_output=True, check=False)


def wire_bytes(end: End) -> tuple[int, int]:
    """Bytes that an end's device has sent and received, headers included."""
    told = subprocess.run(
        ["ip", "netns", "exec", end.namespace, "cat"]
        + [f"/sys/class/net/{end.device}/statistics/{name}_bytes" for name in ("tx", "rx")],
        capture_output=True,
        text=True,
        check=True,
    )
    sent, received = told.stdout.split()
    return int(sent), int(received)
